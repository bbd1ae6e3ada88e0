/** One answer of our own over HTTP: a JSON body, or an event stream if something is said before it, or it takes a while. */
import { jsonText } from "../json.ts";
import { FIRST_BYTES } from "./event-stream.ts";

/** After which a waiting client is told that the server lives, and how often then, in milliseconds. */
export const KEEP_ALIVE_MS = 5_000;

const JSON_HEADERS = { "Content-Type": "application/json" };
/** The last one is for proxies that would hold events back. */
const STREAM_HEADERS = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };

/** How the client is reached while it waits. */
interface Waiting {
  /** Aborted when it has gone. */
  signal: AbortSignal;
  send(notification: object): void;
}

interface Answered {
  /** Null: nobody waits for it any more. */
  message: object | null;
  /** Of a JSON body; an event stream has begun with 200. */
  status: number;
}

/** The response leaves with the first thing that is said. `run` never rejects. */
export function answerStream(request: Request, run: (waiting: Waiting) => Promise<Answered>): Promise<Response> {
  const gone = new AbortController();
  const response = Promise.withResolvers<Response>();
  const leave = () => gone.abort();
  if (request.signal.aborted) leave();
  request.signal.addEventListener("abort", leave, { once: true });
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  function put(text: string): void {
    if (!gone.signal.aborted) stream?.enqueue(Buffer.from(text));
  }

  function begin(): void {
    if (stream) return;
    const start = (controller: typeof stream) => {
      stream = controller;
      controller?.enqueue(FIRST_BYTES);
    };
    response.resolve(new Response(new ReadableStream({ start, cancel: leave }), { headers: STREAM_HEADERS }));
  }

  function say(message: object): void {
    put(`event: message\ndata: ${jsonText(message)}\n\n`);
  }

  const alive = setInterval(() => (stream ? put(": alive\n\n") : begin()), KEEP_ALIVE_MS);

  function finish({ message, status }: Answered): void {
    clearInterval(alive);
    request.signal.removeEventListener("abort", leave);
    if (!stream) response.resolve(new Response(message && jsonText(message), { status, headers: JSON_HEADERS }));
    else if (!gone.signal.aborted) {
      if (message) say(message);
      stream.close();
    }
  }

  const send = (notification: object) => {
    begin();
    say({ jsonrpc: "2.0", ...notification });
  };
  void run({ signal: gone.signal, send }).then(finish);
  return response.promise;
}
