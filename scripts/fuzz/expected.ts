/**
 * What must come back for a text, by JSON-RPC and the protocol, whatever the server's code looks like: whose id an answer has,
 * and what shape.
 */
import { REVISION_KEY } from "./valid.ts";

/** An id as its JSON: ids of two kinds that look alike are not the same. */
export type Key = string;

/** Of what cannot be read, or whose id cannot. */
export const NOBODY: Key = "null";

export interface Expected {
  /** Of the one answer that must come; null: none may. */
  key: Key | null;
  /** Whether a result must be one of the revision without sessions; null: it may not. */
  sessionless: boolean;
  /** An id whose request may stay without an answer from now on. */
  cancels?: Key;
  /** It is answered at its end only: by then it was said that it is open. */
  staysOpen?: boolean;
  /** The name of the tool that it calls. */
  tool?: unknown;
}

/** What is expected of a text that may be a message. */
export function expectedOf(text: string): Expected {
  const value = parse(text);
  if (value === undefined) return { key: NOBODY, sessionless: false };
  const id = member(value, "id");
  const method = member(value, "method");
  const params = member(value, "params");
  const sessionless = member(member(params, "_meta"), REVISION_KEY) !== undefined;
  const answers =
    method === undefined && (member(value, "result") !== undefined || member(value, "error") !== undefined);
  const notifies = typeof method === "string" && id === undefined;
  const key = answers || notifies ? null : keyOf(id);
  return {
    key,
    sessionless,
    ...(method === "notifications/cancelled" ? { cancels: keyOf(member(params, "requestId")) } : {}),
    ...(method === "subscriptions/listen" ? { staysOpen: true } : {}),
    ...(method === "tools/call" ? { tool: member(params, "name") } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function keyOf(id: unknown): Key {
  return typeof id === "string" || Number.isSafeInteger(id) ? JSON.stringify(id) : NOBODY;
}

/** A field of a value that may be anything. */
export function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Reflect.get(value, name) : undefined;
}

/** What is wrong with the shape of an answer, or null. `sessionless` null: it can be of either revision. */
export function wrongShape(answer: object, sessionless: boolean | null): string | null {
  const { jsonrpc, result, error } = answer as Record<string, unknown>; // looked at one by one
  if (jsonrpc !== "2.0") return "it is not JSON-RPC 2.0";
  if ((result === undefined) === (error === undefined)) return "it has not one of result and error";
  const strange = Object.keys(answer).filter((key) => !["jsonrpc", "id", "result", "error"].includes(key));
  if (strange.length > 0) return `it has a field ${strange.join(", ")}`;
  return error === undefined ? wrongResult(result, sessionless) : wrongError(error);
}

function wrongError(error: unknown): string | null {
  const [code, message] = [member(error, "code"), member(error, "message")];
  if (!Number.isInteger(code)) return "its code is no whole number";
  if (typeof message !== "string" || message === "" || message.length > 700) return "it has no short message";
  if (/\n\s+at |\bzod|invalid_type|TypeError|\.ts:\d/.test(message)) return "its message shows internals";
  const tooMany = message.includes("subscriptions already");
  return code === -32_603 && !tooMany ? "it is an internal error" : null;
}

function wrongResult(result: unknown, sessionless: boolean | null): string | null {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return "its result is no object";
  const complete = member(result, "resultType") === "complete";
  if (sessionless !== null && complete !== sessionless) return "its result is of the other revision";
  const told = member(result, "structuredContent");
  return member(told, "error_code") === "INTERNAL_ERROR" ? "a tool failed with an internal error" : null;
}

/** The runs of which something succeeded, by an answer. */
export function runIn(answer: object): string | null {
  const result = member(answer, "result");
  const id = member(member(result, "structuredContent"), "instance_id");
  return member(result, "isError") !== true && typeof id === "string" ? id : null;
}
