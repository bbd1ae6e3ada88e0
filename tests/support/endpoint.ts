/** A fake OpenAI-compatible endpoint: it records what it is asked and misbehaves as told. It speaks HTTP, like a real one. */

export interface Message {
  role: string;
  content: string;
}

/** The body of a chat request, as far as tests look at it. */
export interface ChatBody {
  model: string;
  messages: Message[];
  response_format?: { type: string; json_schema?: { schema: Schema; strict: boolean } };
}

interface Schema {
  properties: Record<string, Schema>;
  enum?: string[];
}

export interface Asked {
  path: string;
  headers: Record<string, string>;
  /** Null for a request without a body. */
  body: ChatBody | null;
  /** When it came, by performance.now(). */
  at: number;
  /** How long the endpoint itself took; null while it has not answered. */
  tookMs: number | null;
  /** The caller hung up before it was answered. */
  hungUp: boolean;
}

/** How one chat request is answered. */
export type Behaviour = (body: ChatBody) => Response | Promise<Response>;

export interface FakeEndpoint {
  /** Base URL, `…/v1`. */
  url: string;
  /** Every request, in order of arrival. */
  asked: Asked[];
  /** The chat requests among them. */
  chats(): (Asked & { body: ChatBody })[];
  /** From now on: one behaviour for each chat request; the last one stays. */
  behave(...behaviours: Behaviour[]): void;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. `models` are the names that `/v1/models` lists. */
export function startEndpoint(behaviours: Behaviour[] = [fails(500)], models: string[] = ["fake-model"]): FakeEndpoint {
  const asked: Asked[] = [];
  let left = [...behaviours];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const body = request.method === "POST" ? ((await request.json()) as ChatBody) : null; // what our client sends
      const { pathname: path } = new URL(request.url);
      const entry: Asked = {
        path,
        headers: Object.fromEntries(request.headers),
        body,
        at: performance.now(),
        tookMs: null,
        hungUp: false,
      };
      asked.push(entry);
      request.signal.addEventListener("abort", () => {
        entry.hungUp = entry.tookMs === null;
      });
      const answer = await answerTo(path, body);
      entry.tookMs = performance.now() - entry.at;
      return answer;
    },
  });

  async function answerTo(path: string, body: ChatBody | null): Promise<Response> {
    if (path === "/v1/models") return Response.json({ object: "list", data: models.map((id) => ({ id })) });
    if (path !== "/v1/chat/completions" || !body) return new Response("no such page", { status: 404 });
    const behaviour = left.length > 1 ? left.shift() : left[0];
    return behaviour ? behaviour(body) : new Response(null, { status: 500 });
  }

  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    asked,
    chats: () => asked.flatMap((each) => (each.body ? [{ ...each, body: each.body }] : [])),
    behave: (...next) => {
      left = [...next];
    },
    close: () => server.stop(true),
  };
}

/** What a well-behaved model says. */
export interface Choice {
  reasoning?: string;
  updated_context?: unknown;
  status_suggestion?: unknown;
}

export const USAGE = { prompt_tokens: 1200, completion_tokens: 34, total_tokens: 1234 };

/** The JSON text of an answer. */
export function choiceText(next_step_name: unknown, more: Choice = {}): string {
  const rest = { reasoning: "The guidance says so.", updated_context: [], status_suggestion: null };
  return JSON.stringify({ ...rest, next_step_name, ...more });
}

/** A valid answer that chooses this step. */
export function chooses(step: unknown, more: Choice = {}): Behaviour {
  return says(choiceText(step, more));
}

/** An answer of this text, whatever it is worth. */
export function says(content: unknown, choice: { finish_reason?: string; refusal?: string } = {}): Behaviour {
  const { finish_reason = "stop", refusal = null } = choice;
  const message = { role: "assistant", content, refusal };
  return sends({ choices: [{ index: 0, message, finish_reason }], usage: USAGE });
}

/** A completion with these fields. */
export function sends(completion: object): Behaviour {
  return (body) => Response.json({ id: "c1", object: "chat.completion", created: 1, model: body.model, ...completion });
}

/** An HTTP error in OpenAI's form. */
export function fails(status: number, headers: Record<string, string> = {}, message = `error ${status}`): Behaviour {
  return () => Response.json({ error: { message, type: "fake" } }, { status, headers });
}

/** The same error, with a wish to be asked again at once, so that a test need not wait for the backoff. */
export function failsBriefly(status: number, message?: string): Behaviour {
  return fails(status, { "retry-after-ms": "5" }, message);
}

/** 400 to every form of answer that is asked for but these (`text` is a request without a form). */
export function takesOnly(forms: string[], then: Behaviour): Behaviour {
  return (body) => {
    const form = body.response_format?.type ?? "text";
    return forms.includes(form) ? then(body) : fails(400, {}, `response_format ${form} is not supported`)(body);
  };
}

/** Never answers. */
export const hangs: Behaviour = () => new Promise(() => {});

/** Answers when it is told to. */
export function held(then: Behaviour): { behaviour: Behaviour; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { behaviour: (body) => promise.then(() => then(body)), release: resolve };
}

/** Sends headers and the beginning of a body, and then nothing. */
export const stalls: Behaviour = () => {
  const begun = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"id":')) });
  return new Response(begun, { headers: { "content-type": "application/json" } });
};

/** Begins a completion and never ends it, as fast as it is read. */
export const floods: Behaviour = () => {
  const megabyte = new TextEncoder().encode("x".repeat(1024 * 1024));
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(megabyte) });
  return new Response(endless, { headers: { "content-type": "application/json" } });
};

/** A web page where an API should be. */
export const page: Behaviour = () =>
  new Response("<!doctype html><title>Welcome</title>", { headers: { "content-type": "text/html" } });

/** 200 with this body as JSON. */
export function body(text: string): Behaviour {
  return () => new Response(text, { headers: { "content-type": "application/json" } });
}

/** A server that takes connections and resets each at its first byte. */
export function startResetting(): { url: string; connections: () => number; close: () => void } {
  let count = 0;
  const data = (socket: Bun.Socket) => {
    count++;
    socket.terminate();
  };
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data } });
  return { url: `http://127.0.0.1:${listener.port}/v1`, connections: () => count, close: () => listener.stop(true) };
}

/** The last thing that the model was told. */
export function lastWords({ messages }: ChatBody): string {
  return messages.at(-1)?.content ?? "";
}

/** The whole prompt as one text. */
export function promptText({ messages }: ChatBody): string {
  return messages.map((message) => message.content).join("\n\n");
}

/** The candidates that a prompt names, in its order. */
export function candidatesIn(body: ChatBody): string[] {
  const list = promptText(body).split("# Candidates\n")[1] ?? "";
  return [...list.matchAll(/^- (.+)$/gm)].map(([, name]) => String(name));
}
