/** What a client takes, by its `Accept`. Many send it leniently, or not at all. */

const EVENT_STREAM = ["text/event-stream", "text/*", "*/*"];

/**
 * Whether the client takes event streams. If so, the request then says it in the words that the SDK's transport looks for:
 * that one wants both kinds named in full.
 */
export function takesEventStream({ headers }: Request): boolean {
  const accept = headers.get("accept");
  if (accept?.trim() && !accept.split(",").some(isEventStream)) return false;
  headers.set("accept", "application/json, text/event-stream");
  return true;
}

function isEventStream(range: string): boolean {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  return EVENT_STREAM.includes(type) && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
}
