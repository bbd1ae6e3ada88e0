/** An event stream whose headers leave at once, and whose end is known. */

/** A comment, which clients skip: no headers of a stream are sent before its first byte. */
const FIRST_BYTES = new TextEncoder().encode(": open\n\n");

/** The same response; `ended` is called once, when its body is complete or its reader is gone. */
export function watchStream(response: Response, ended: () => void): Response {
  if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    ended();
    return response;
  }
  const reader = response.body.getReader();
  let open = true;
  const end = () => {
    if (open) ended();
    open = false;
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(FIRST_BYTES),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      if (open) controller.close();
      end();
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
