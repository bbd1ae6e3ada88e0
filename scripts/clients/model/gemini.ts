/** Google's Gemini API. */
import { type Api, eventStream, type Turn } from "./api.ts";

interface Part {
  functionResponse?: { response?: { output?: unknown } };
}

export const gemini: Api = {
  serves: (path) => /:(stream)?[gG]enerateContent$/.test(path),

  read(body) {
    const { tools = [], contents = [] } = JSON.parse(body);
    const parts: Part[] = contents.flatMap((content: { parts?: Part[] }) => content.parts ?? []);
    return {
      tools: tools.flatMap((tool: { functionDeclarations?: { name: string }[] }) =>
        (tool.functionDeclarations ?? []).map(({ name }) => name),
      ),
      results: parts.flatMap(({ functionResponse }) => (functionResponse ? [outputOf(functionResponse.response)] : [])),
      body,
    };
  },

  reply(turn, { path }) {
    const content = { role: "model", parts: [partOf(turn)] };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    const answer = { candidates: [{ index: 0, content, finishReason: "STOP" }], usageMetadata };
    return path.endsWith(":streamGenerateContent") ? eventStream([answer]) : Response.json(answer);
  },
};

function outputOf(response: { output?: unknown } | undefined): string {
  return typeof response?.output === "string" ? response.output : JSON.stringify(response ?? {});
}

function partOf(turn: Turn) {
  return turn.kind === "say" ? { text: turn.text } : { functionCall: { name: turn.name, args: turn.args } };
}
