/** One open stream of events: what is said to it, and when it is over. */

/** A stream that was not read for so many messages is over. */
const MOST_UNREAD = 50;

/** The last one is for proxies that would hold events back. */
const HEADERS = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };

export interface Stream {
  say(text: string): void;
  close(): void;
  response: Response;
}

/** `over` is called once: its reader is gone or does not read, or it was closed. */
export function openStream(over: () => void): Stream {
  const encoder = new TextEncoder();
  let to: ReadableStreamDefaultController<Uint8Array> | null = null;
  function end(): void {
    to = null;
    over();
  }
  function close(): void {
    const open = to;
    if (!open) return;
    end();
    open.close();
  }
  function say(text: string): void {
    if (to && (to.desiredSize ?? 0) < -MOST_UNREAD) close();
    to?.enqueue(encoder.encode(text));
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      to = controller;
      say(": open\n\n"); // no headers leave before the first byte
    },
    cancel: end,
  });
  return { say, close, response: new Response(body, { headers: HEADERS }) };
}
