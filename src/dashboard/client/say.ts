/** Tells people who do not look at the page, and asks the server for parts of it. */

/** What a screen reader says next. */
export function say(words: string): void {
  const place = document.getElementById("said");
  if (place) place.textContent = words;
}

/** Of a window whose session is over. */
export const SIGNED_OUT =
  "This window is not signed in any more. Open the link that orchestrator dashboard prints, then load this page again.";

/** A part of a page, as a document of its own; rejects with an Error in words for people. */
export async function fetchPart(address: string): Promise<Document> {
  return new DOMParser().parseFromString(await (await get(address)).text(), "text/html");
}

/** A GET that succeeded; rejects with an Error in words for people. */
export async function get(address: string): Promise<Response> {
  const response = await fetch(address).catch(() => null);
  if (response?.ok) return response;
  if (!response) throw new Error("The server does not answer.");
  throw new Error(refusalWords(response, await response.json().catch(() => null)));
}

/** What the API says of a request that it refused: what is wrong, and the way out. */
export function refusalWords({ status }: Response, answer: unknown): string {
  if (status === 401) return SIGNED_OUT;
  const error = partOf(answer, "error");
  const words = [partOf(error, "message"), partOf(error, "hint")].filter((each) => typeof each === "string");
  return words.join("\n") || `The server answered ${status}.`;
}

/** A field of what may be no object. */
export function partOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
