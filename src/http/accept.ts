/** What a client takes, by its `Accept`. Many send it leniently, or not at all. */

const EVENT_STREAM = ["text/event-stream", "text/*", "*/*"];

/** What the SDK's transport looks for: it wants both kinds named in full. */
const BOTH = "application/json, text/event-stream";

/** Whether the client takes event streams. */
export function takesEventStream({ headers }: Request): boolean {
  const accept = headers.get("accept");
  return accept === BOTH || !accept?.trim() || accept.split(",").some(isEventStream);
}

/** Lets a client that takes event streams say so in the words of the SDK's transport. */
export function acceptBoth({ headers }: Request): void {
  headers.set("accept", BOTH);
}

function isEventStream(range: string): boolean {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  return EVENT_STREAM.includes(type) && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
}
