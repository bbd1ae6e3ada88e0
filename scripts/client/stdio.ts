/** MCP over a process's stdin and stdout, one message a line. */
import { answerOf, type Client, Gone, INITIALIZE, type Response, requestText } from "./client.ts";

export interface Pipes {
  stdin: { write(text: string): unknown; flush(): unknown };
  stdout: ReadableStream<Uint8Array>;
}

export interface StdioClient extends Client {
  ask(method: string, params?: object): Promise<Response>;
  /** Resolves when the server's output has ended and every answer that it holds was given. */
  ended: Promise<void>;
}

interface Waiting {
  resolve(response: Response): void;
  reject(error: Gone): void;
}

/** Shakes hands over the pipes of a process that was just started. */
export async function connectStdio({ stdin, stdout }: Pipes): Promise<StdioClient> {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let over = false;

  function send(text: string): void {
    try {
      stdin.write(`${text}\n`);
      stdin.flush();
    } catch {
      // the process is gone: the end of its output says so to everybody who waits
    }
  }

  function ask(method: string, params: object = {}): Promise<Response> {
    if (over) return Promise.reject(new Gone(method));
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      send(requestText(method, params, id));
    });
  }

  async function read(): Promise<void> {
    try {
      for await (const line of linesOf(stdout)) take(JSON.parse(line));
    } finally {
      over = true;
      for (const { reject } of waiting.values()) reject(new Gone("the server's output ended"));
      waiting.clear();
    }
  }

  function take(message: Response): void {
    const asked = message.id === undefined ? undefined : waiting.get(message.id);
    if (message.id === undefined || !asked) return;
    waiting.delete(message.id);
    asked.resolve(message);
  }

  const ended = read();
  await ask("initialize", INITIALIZE);
  send(requestText("notifications/initialized", {}));
  return {
    ask,
    ended,
    call: async (name, args = {}) => answerOf(await ask("tools/call", { name, arguments: args })),
  };
}

/** Whole lines; a half one at the end, of a process that was killed while it wrote, is dropped. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
