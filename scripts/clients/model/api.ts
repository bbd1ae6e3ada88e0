/** What the scripted model and the clients say to each other, whichever API carries it. */

/** One request of a client, as far as a model would read it. */
export interface Given {
  /** Names of the tools offered, as the client writes them. */
  tools: string[];
  /** The results of the tool calls so far, oldest first, each as the text that a model reads. */
  results: string[];
  /** The whole request, to look for words in. */
  body: string;
}

/** What the model does next. */
export type Turn = ToolCall | { kind: "say"; text: string };

export interface ToolCall {
  kind: "call";
  name: string;
  namespace?: string;
  args: Record<string, unknown>;
  /** Instead of `args`, for tools that take free text. */
  input?: string;
  /** It only looks for a tool of ours, which is called next. */
  isSearch?: true;
}

export interface Api {
  /** Whether a request to this path asks the model for its next turn. */
  serves(path: string): boolean;
  read(body: string): Given;
  /** `id` is new for each turn. */
  reply(turn: Turn, request: { id: string; path: string; body: string }): Response;
}

/** Events of a stream, each `data:` of JSON; those with a `type` also name it as the event. */
export function eventStream(events: object[], last = ""): Response {
  const lines = events.map((event) => {
    const type: unknown = Reflect.get(event, "type");
    return `${typeof type === "string" ? `event: ${type}\n` : ""}data: ${JSON.stringify(event)}\n\n`;
  });
  return new Response(lines.join("") + last, { headers: { "content-type": "text/event-stream" } });
}

/** The text of content that is a string, or a list of parts with text. Other parts stay JSON. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content ?? "");
  return content.map((part) => (typeof part?.text === "string" ? part.text : JSON.stringify(part))).join("\n");
}
