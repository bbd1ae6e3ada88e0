/** Bounds what an endpoint sends back, before anyone parses it, and takes the key out if the endpoint repeats it. */

/** Most bytes of an answer; a decision takes hundreds. */
const MAX_REPLY_BYTES = 1024 * 1024;

const TOO_LARGE = JSON.stringify({ error: `the endpoint's answer is over ${MAX_REPLY_BYTES} bytes; it was not read` });

/** Like `fetch`, with the body read to its end, so that a limit on the request's time covers the body too. */
export function createBoundedFetch(
  apiKey: string | null,
): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await fetch(url, init);
    const { status, statusText } = response;
    const body = await textWithin(response, MAX_REPLY_BYTES);
    const headers = new Headers(response.headers);
    for (const name of ["content-length", "content-encoding", "transfer-encoding"]) headers.delete(name);
    if (body === null) headers.set("content-type", "application/json");
    return new Response(withoutKey(body ?? TOO_LARGE, apiKey), { status, statusText, headers });
  };
}

/** The text with the key taken out. */
export function withoutKey(text: string, apiKey: string | null): string {
  return apiKey ? text.replaceAll(apiKey, "***") : text;
}

/** The body as text; null if it is larger. */
async function textWithin({ body }: Response, mostBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return null; // leaving the loop ends the transfer
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
