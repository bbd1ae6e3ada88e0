/** Reads a request's JSON body: so many bytes, in so much time, nested so deep, and no key that could reach a prototype. */
import { idOf, PARSE_ERROR } from "../mcp/message.ts";
import { type Refuse, refusal } from "./refusal.ts";

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
export async function readJson(
  request: Request,
  limits: BodyLimits,
  refuse: Refuse = refusal,
): Promise<{ value: unknown } | Response> {
  if (!isOfType(request, "application/json")) return refuse(415, "Content-Type must be application/json.");
  const text = await readText(request, limits, refuse);
  if (text instanceof Response) return text;
  const value = parse(text);
  if (value === undefined) return refuse(400, "The body is not JSON.", { code: PARSE_ERROR });
  const fault = faultIn(value, 1);
  return fault ? refuse(400, fault, { id: idOf(value) }) : { value };
}

/** The fields of a form, or the response that refuses it. */
export async function readForm(
  request: Request,
  limits: BodyLimits,
  refuse: Refuse,
): Promise<URLSearchParams | Response> {
  const type = "application/x-www-form-urlencoded";
  if (!isOfType(request, type)) return refuse(415, `Content-Type must be ${type}.`);
  const text = await readText(request, limits, refuse);
  return text instanceof Response ? text : new URLSearchParams(text);
}

function isOfType({ headers }: Request, type: string): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === type;
}

async function readText(
  request: Request,
  { maxBytes, deadlineMs }: BodyLimits,
  refuse: Refuse,
): Promise<string | Response> {
  const large = () => tooLarge(maxBytes, refuse);
  const declared = request.headers.get("content-length");
  if (Number(declared) > maxBytes) return large();
  const late = Promise.withResolvers<Response>();
  const timer = setTimeout(() => late.resolve(tooSlow(deadlineMs, refuse)), deadlineMs);
  // With a length the server hands over no byte more than it says; without one the bytes are counted here.
  const arriving = declared === null ? readCounted(request, maxBytes) : request.text();
  try {
    const text = await Promise.race([
      arriving.catch(() => refuse(400, "The body did not arrive whole.")),
      late.promise,
    ]);
    return text ?? large();
  } finally {
    clearTimeout(timer);
  }
}

/** Null: it is longer. */
async function readCounted(request: Request, maxBytes: number): Promise<string | null> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What is left of such a body is not waited for: the connection ends with the answer. */
function tooLarge(maxBytes: number, refuse: Refuse): Response {
  return refuse(413, `The body is larger than ${maxBytes} bytes. Write it to a file and send the file's path.`, {
    headers: { Connection: "close" },
  });
}

function tooSlow(deadlineMs: number, refuse: Refuse): Response {
  return refuse(408, `The body did not arrive within ${deadlineMs} ms.`, { headers: { Connection: "close" } });
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
