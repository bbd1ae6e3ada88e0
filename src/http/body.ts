/** Reads a request's JSON body: so many bytes, in so much time, nested so deep, and no key that could reach a prototype. */
import { idOf, PARSE_ERROR } from "../mcp/message.ts";
import { refusal } from "./refusal.ts";

/** Most bytes of a request body. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** How long a body may take to arrive, in milliseconds. */
export const BODY_DEADLINE_MS = 10_000;

/** Deepest nesting: the 64 levels that a tool's argument may have, and what JSON-RPC puts around it. */
const MAX_DEPTH = 72;

/** What a body may be; the defaults are the constants above. */
export interface BodyLimits {
  maxBytes: number;
  deadlineMs: number;
}

/** The body as JSON, or the response that refuses it. */
export async function readJson(request: Request, limits: BodyLimits): Promise<{ value: unknown } | Response> {
  if (!isJson(request.headers.get("content-type"))) return refusal(415, "Content-Type must be application/json.");
  const text = await readText(request, limits);
  if (text instanceof Response) return text;
  const value = parse(text);
  if (value === undefined) return refusal(400, "The body is not JSON.", { code: PARSE_ERROR });
  const fault = faultIn(value, 1);
  return fault ? refusal(400, fault, { id: idOf(value) }) : { value };
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

async function readText(request: Request, { maxBytes, deadlineMs }: BodyLimits): Promise<string | Response> {
  const declared = request.headers.get("content-length");
  if (Number(declared) > maxBytes) return tooLarge(maxBytes);
  const late = Promise.withResolvers<Response>();
  const timer = setTimeout(() => late.resolve(tooSlow(deadlineMs)), deadlineMs);
  // With a length the server hands over no byte more than it says; without one the bytes are counted here.
  const arriving = declared === null ? readCounted(request, maxBytes) : request.text();
  try {
    return await Promise.race([arriving.catch(() => refusal(400, "The body did not arrive whole.")), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function readCounted(request: Request, maxBytes: number): Promise<string | Response> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What is left of such a body is not waited for: the connection ends with the answer. */
function tooLarge(maxBytes: number): Response {
  return refusal(413, `The body is larger than ${maxBytes} bytes. Write it to a file and send the file's path.`, {
    headers: { Connection: "close" },
  });
}

function tooSlow(deadlineMs: number): Response {
  return refusal(408, `The body did not arrive within ${deadlineMs} ms.`, { headers: { Connection: "close" } });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Why the message may not go on, or null. The tools refuse `__proto__` in their arguments by themselves, with an answer
 * that an agent can read; here it is refused in the message and its `params`, which the tools never see.
 */
function faultIn(value: unknown, depth: number): string | null {
  if (typeof value !== "object" || value === null) return null;
  if (depth > MAX_DEPTH) return `The body is nested deeper than ${MAX_DEPTH} levels.`;
  if (depth <= 2 && Object.hasOwn(value, "__proto__")) return 'The body has a key "__proto__".';
  for (const item of Object.values(value)) {
    const fault = faultIn(item, depth + 1);
    if (fault) return fault;
  }
  return null;
}
