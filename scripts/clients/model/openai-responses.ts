/** OpenAI's Responses API. */
import { type Api, eventStream, type Turn, textOf } from "./api.ts";

/** The API's own item for a search that the client does. */
export const TOOL_SEARCH = "tool_search";

interface Tool {
  type: string;
  name?: string;
  tools?: Tool[];
}

interface Item {
  type?: string;
  output?: unknown;
  tools?: Tool[];
}

export const openaiResponses: Api = {
  serves: (path) => path.endsWith("/responses"),

  read(body) {
    const { tools = [], input = [] } = JSON.parse(body);
    const items: Item[] = Array.isArray(input) ? input : [];
    const added = items.flatMap((item) => item.tools ?? []);
    return {
      tools: [...tools, ...added].flatMap(namesOf),
      results: items.filter(({ type }) => type?.endsWith("_output")).map((item) => textOf(item.output ?? item.tools)),
      body,
    };
  },

  reply(turn, { id }) {
    const item = itemOf(turn, id);
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    const response = { id: `resp_${id}`, object: "response", status: "completed", output: [item], usage };
    return eventStream([
      { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response },
    ]);
  },
};

/** A tool's name; a namespace gives those of its tools, after its own and a slash. */
function namesOf({ type, name, tools }: Tool): string[] {
  return tools ? tools.map((tool) => `${name}/${tool.name ?? tool.type}`) : [name ?? type];
}

function itemOf(turn: Turn, id: string) {
  if (turn.kind === "say") {
    const content = [{ type: "output_text", text: turn.text, annotations: [] }];
    return { type: "message", id: `msg_${id}`, role: "assistant", status: "completed", content };
  }
  const { name, namespace, args, input } = turn;
  const call = { call_id: `call_${id}`, name, ...(namespace && { namespace }), status: "completed" };
  if (name === TOOL_SEARCH) return { type: "tool_search_call", ...call, execution: "client", arguments: args };
  if (input !== undefined) return { type: "custom_tool_call", id: `ctc_${id}`, ...call, input };
  return { type: "function_call", id: `fc_${id}`, ...call, arguments: JSON.stringify(args) };
}
