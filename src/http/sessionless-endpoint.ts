/** Requests without a session, over HTTP: their headers held against their bodies, their answers given statuses. */
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { jsonText } from "../json.ts";
import { isSessionless, readEnvelope } from "../mcp/envelope.ts";
import { field, METHOD_NOT_FOUND, namedRevision } from "../mcp/message.ts";
import type { Answer, Sessionless } from "../mcp/sessionless.ts";
import { oneLine } from "../words.ts";
import { answerStream } from "./answer-stream.ts";
import { refusal } from "./refusal.ts";

/** The protocol's code for headers that say something else than the body. */
const HEADER_MISMATCH = -32_020;

/** Methods whose subject stands in `Mcp-Name`, and the param that holds it. */
const NAMED_BY: Record<string, string> = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };

/** Whether the message comes without a session. The body counts; a header alone too, so that what lacks in the body is named. */
export function isWithoutSession({ headers }: Request, message: JSONRPCMessage): boolean {
  return namedRevision(message) !== undefined || isSessionless(headers.get("mcp-protocol-version"));
}

export async function answerWithoutSession(
  sessionless: Sessionless,
  request: Request,
  message: JSONRPCMessage,
): Promise<Response> {
  if (!("method" in message)) return refusal(400, "The server asks nothing, so that there is nothing to answer.");
  if (!("id" in message)) return new Response(null, { status: 202 });
  const { id } = message;
  const mismatch = mismatchIn(request.headers, message);
  if (mismatch) return refusal(400, mismatch, { code: HEADER_MISMATCH, id });
  const read = readEnvelope(message);
  if ("refused" in read) return refusal(400, read.refused.fault, { ...read.refused, id });
  const gone = new AbortController();
  const left = () => gone.abort();
  request.signal.addEventListener("abort", left, { once: true });
  return answerStream(
    async (send) => {
      const answer = await sessionless.answer(message, read.envelope, { signal: gone.signal, send });
      request.signal.removeEventListener("abort", left);
      return { text: answer && jsonText(answer), status: statusOf(answer) };
    },
    { left },
  );
}

function statusOf(answer: Answer | null): number {
  return answer && "error" in answer && answer.error.code === METHOD_NOT_FOUND ? 404 : 200;
}

/** Where a header is missing or says something else than the body; null if all agree. What the body lacks is not judged here. */
function mismatchIn(headers: Headers, message: { method: string; params?: unknown }): string | null {
  const { method, params } = message;
  const param = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method] : undefined;
  const expected: [string, unknown, string | null][] = [
    ["MCP-Protocol-Version", namedRevision(message), headers.get("mcp-protocol-version")],
    ["Mcp-Method", method, headers.get("mcp-method")],
    ["Mcp-Name", param && field(params, param), decoded(headers.get("mcp-name"))],
  ];
  for (const [name, inBody, inHeader] of expected) {
    if (typeof inBody !== "string" || inBody === inHeader) continue;
    if (inHeader === null) return `The header ${name} is missing or not readable; it must say what the body says.`;
    return `The header ${name} says "${oneLine(inHeader, 100)}", the body "${oneLine(inBody, 100)}".`;
  }
  return null;
}

/** Clients write what a header cannot hold as `=?base64?…?=`. */
function decoded(value: string | null): string | null {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value ?? "")?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "") ? bytes.toString() : null;
}
