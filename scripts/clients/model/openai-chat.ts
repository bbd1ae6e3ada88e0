/** OpenAI's Chat Completions API. */
import { type Api, eventStream, type Turn, textOf } from "./api.ts";

export const openaiChat: Api = {
  serves: (path) => path.endsWith("/chat/completions"),

  read(body) {
    const { tools = [], messages = [] } = JSON.parse(body);
    return {
      tools: tools.map((tool: { function?: { name: string } }) => tool.function?.name ?? ""),
      results: messages
        .filter(({ role }: { role: string }) => role === "tool")
        .map(({ content }: { content: unknown }) => textOf(content)),
      body,
    };
  },

  reply(turn, { id, body }) {
    const { stream, model } = JSON.parse(body);
    const message = messageOf(turn, id);
    const finish_reason = turn.kind === "call" ? "tool_calls" : "stop";
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const frame = { id: `chatcmpl-${id}`, created: Math.floor(Date.now() / 1000), model };
    if (!stream) {
      const choices = [{ index: 0, message, finish_reason }];
      return Response.json({ ...frame, object: "chat.completion", choices, usage });
    }
    const chunk = { ...frame, object: "chat.completion.chunk" };
    return eventStream(
      [
        { ...chunk, choices: [{ index: 0, delta: message, finish_reason: null }] },
        { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }] },
        { ...chunk, choices: [], usage },
      ],
      "data: [DONE]\n\n",
    );
  },
};

function messageOf(turn: Turn, id: string) {
  if (turn.kind === "say") return { role: "assistant", content: turn.text };
  const call = { name: turn.name, arguments: JSON.stringify(turn.args) };
  return {
    role: "assistant",
    content: null,
    tool_calls: [{ index: 0, id: `call_${id}`, type: "function", function: call }],
  };
}
