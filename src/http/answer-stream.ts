/** One answer of our own over HTTP: a JSON body, or an event stream if something is said before it, or it takes a while. */
import { jsonText } from "../json.ts";
import { FIRST_BYTES } from "./event-stream.ts";

/** After which a waiting client is told that the server lives, and how often then, in milliseconds. */
export const KEEP_ALIVE_MS = 5_000;

const JSON_TYPE = "application/json";
/** The last one is for proxies that would hold events back. */
const STREAM_HEADERS = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };

interface Answered {
  /** The message as JSON; null if the client does not wait for it any more. */
  text: string | null;
  /** Of a JSON body; an event stream has begun with 200. */
  status: number;
}

interface AnswerOptions {
  headers?: Record<string, string>;
  /** Called if the client leaves a stream that has begun. */
  left(): void;
}

/** The response leaves with the first thing that is said. `run` never rejects. */
export function answerStream(
  run: (send: (message: object) => void) => Promise<Answered>,
  { headers, left }: AnswerOptions,
): Promise<Response> {
  const response = Promise.withResolvers<Response>();
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  let gone = false;

  function put(text: string): void {
    if (!gone) stream?.enqueue(Buffer.from(text));
  }

  function begin(): void {
    if (stream) return;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        stream = controller;
        controller.enqueue(FIRST_BYTES);
      },
      cancel() {
        gone = true;
        left();
      },
    });
    response.resolve(new Response(body, { headers: { ...headers, ...STREAM_HEADERS } }));
  }

  function say(text: string): void {
    put(`event: message\ndata: ${text}\n\n`);
  }

  const alive = setInterval(() => (stream ? put(": alive\n\n") : begin()), KEEP_ALIVE_MS);

  function finish({ text, status }: Answered): void {
    clearInterval(alive);
    if (text !== null && !stream) {
      const init = { status, headers: { ...headers, "Content-Type": JSON_TYPE } };
      response.resolve(new Response(text, init));
      return;
    }
    begin(); // a stream that ends without an answer says that there is none
    if (text !== null) say(text);
    if (!gone) stream?.close();
    gone = true;
  }

  const send = (message: object) => {
    begin();
    say(jsonText({ jsonrpc: "2.0", ...message }));
  };
  void run(send).then(finish);
  return response.promise;
}
