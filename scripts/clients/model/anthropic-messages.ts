/** Anthropic's Messages API. */
import { type Api, eventStream, type Turn, textOf } from "./api.ts";

export const anthropicMessages: Api = {
  serves: (path) => path.endsWith("/messages"),

  read(body) {
    const { tools = [], messages = [] } = JSON.parse(body);
    const blocks = messages.flatMap(({ content }: { content: unknown }) => (Array.isArray(content) ? content : []));
    return {
      tools: tools.map(({ name }: { name: string }) => name),
      results: blocks
        .filter(({ type }: { type: string }) => type === "tool_result")
        .map(({ content }: { content: unknown }) => textOf(content)),
      body,
    };
  },

  reply(turn, { id, body }) {
    const { stream, model } = JSON.parse(body);
    const block = blockOf(turn, id);
    const usage = { input_tokens: 1, output_tokens: 1 };
    const stop_reason = turn.kind === "call" ? "tool_use" : "end_turn";
    const message = { id: `msg_${id}`, type: "message", role: "assistant", model, stop_sequence: null, usage };
    if (!stream) return Response.json({ ...message, content: [block], stop_reason });
    const [empty, delta] =
      block.type === "tool_use"
        ? [
            { ...block, input: {} },
            { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
          ]
        : [
            { ...block, text: "" },
            { type: "text_delta", text: block.text },
          ];
    return eventStream([
      { type: "message_start", message: { ...message, content: [], stop_reason: null } },
      { type: "content_block_start", index: 0, content_block: empty },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
      { type: "message_stop" },
    ]);
  },
};

function blockOf(turn: Turn, id: string) {
  return turn.kind === "say"
    ? { type: "text" as const, text: turn.text }
    : { type: "tool_use" as const, id: `toolu_${id}`, name: turn.name, input: turn.args };
}
