/** An event stream whose headers leave at once, and whose end is known. */
import { escapeLineEnds } from "../json.ts";

/** A comment, which clients skip: no headers of a stream are sent before its first byte. */
export const FIRST_BYTES = new TextEncoder().encode(": open\n\n");

const RAW_LINE_ENDS = ["\u0085", "\u2028", "\u2029"].map((each) => Buffer.from(each));

/** The same response, without line ends that stand raw in a JSON text; `ended` is called once, when its body is complete or its reader is gone. */
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
      if (!done) return controller.enqueue(withoutLineEnds(value));
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

/** The SDK writes whole events, so that no character is cut in two. */
function withoutLineEnds(event: Uint8Array): Uint8Array {
  const bytes = Buffer.from(event.buffer, event.byteOffset, event.byteLength);
  return RAW_LINE_ENDS.some((each) => bytes.includes(each)) ? Buffer.from(escapeLineEnds(bytes.toString())) : event;
}
