/**
 * One JSON-RPC message as it arrived, whatever the transport: what it must look like, and plain words for one that does
 * not. The SDK answers such a message with a dump of its own schema, or not at all.
 */
import { InitializeRequestSchema, type JSONRPCMessage, type RequestId } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { oneLine } from "../words.ts";
import { describeIssues } from "./arguments.ts";

/** JSON-RPC's codes for what cannot be handled. */
export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;

/** Where a message without a session names its revision, in `_meta`. */
export const REVISION_KEY = "io.modelcontextprotocol/protocolVersion";

/** Longest words of an error, in characters; names that a client sent may stand in it. */
const MAX_WORDS = 500;

/** Clients send null for what they leave out. */
export function given<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const Id = z.union([z.string(), z.int()], { error: "must be a text or a whole number" });
const Meta = z.looseObject({
  progressToken: given(Id),
  "io.modelcontextprotocol/related-task": given(z.object({ taskId: z.string() })),
});
const JSONRPC = z.literal("2.0");

/** A request, or without an id a notification. */
const Asked = z.object({
  jsonrpc: JSONRPC,
  id: Id.optional(),
  method: z.string(),
  params: given(z.looseObject({ _meta: given(Meta) })),
});

/** What a client answers to a request of the server. */
const Result = z.object({ jsonrpc: JSONRPC, id: Id, result: z.looseObject({ _meta: given(Meta) }) });
const Failure = z.object({
  jsonrpc: JSONRPC,
  id: Id.optional(),
  error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
});

/** A request, once it was read. */
export interface RequestMessage {
  id: RequestId;
  method: string;
  params?: unknown;
}

/** Why a message is not handled. */
export interface Unreadable {
  code: number;
  fault: string;
  /** Of the request; null if it cannot be told. */
  id: RequestId | null;
  /** False for notifications and answers: JSON-RPC answers neither. */
  wantsAnswer: boolean;
}

export type Read = { message: JSONRPCMessage } | { unreadable: Unreadable };

/** The message, with nothing in it that the SDK would stumble over, or why there is none. */
export function readMessage(value: unknown): Read {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refused(value, INVALID_REQUEST, "The message must be one JSON-RPC object; batches are not taken.");
  }
  const { success, data, error } = schemaFor(value).safeParse(value);
  if (!success) {
    const code = error.issues.every(({ path }) => path[0] === "params") ? INVALID_PARAMS : INVALID_REQUEST;
    return refused(value, code, `The message cannot be read: ${describeIssues(error)}.`);
  }
  if ("method" in data && data.method === "initialize" && namedRevision(data) === undefined) {
    const initialize = InitializeRequestSchema.safeParse(data);
    if (!initialize.success)
      return refused(value, INVALID_PARAMS, `Cannot initialize: ${describeIssues(initialize.error)}.`);
  }
  // A test holds that whatever passed is a message by the SDK's own schema.
  return { message: data as JSONRPCMessage };
}

function schemaFor(value: object) {
  if (!isAnswer(value)) return Asked;
  return field(value, "result") === undefined ? Failure : Result;
}

/** The params of a request by our own schema. Throws the protocol's error that names each problem. */
export function readParams<S extends z.ZodObject>(schema: S, params: unknown): z.infer<S> {
  const { success, data, error } = schema.safeParse(params ?? {});
  if (success) return data;
  throw new ProtocolError(INVALID_PARAMS, oneLine(`The request cannot be read: ${describeIssues(error)}.`, MAX_WORDS));
}

/** An error that goes to the client as it stands; the SDK's own class puts its name before the words. */
export class ProtocolError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The error that answers a request, ready to be sent. */
export function errorMessage({
  id,
  code,
  fault,
  data,
}: Pick<Unreadable, "id" | "code" | "fault"> & { data?: unknown }) {
  return { jsonrpc: "2.0" as const, error: { code, message: fault, ...(data === undefined ? {} : { data }) }, id };
}

/** The id of a request, however broken the rest of it is; null if it has none. The id of an answer is that of our request. */
export function idOf(value: unknown): RequestId | null {
  if (isAnswer(value)) return null;
  const { success, data } = Id.safeParse(field(value, "id"));
  return success ? data : null;
}

function refused(value: unknown, code: number, fault: string): { unreadable: Unreadable } {
  const notifies = typeof field(value, "method") === "string" && field(value, "id") === undefined;
  return {
    unreadable: {
      code,
      fault: oneLine(fault, MAX_WORDS),
      id: idOf(value),
      wantsAnswer: !notifies && !isAnswer(value),
    },
  };
}

function isAnswer(value: unknown): boolean {
  const has = (name: string) => field(value, name) !== undefined;
  return !has("method") && (has("result") || has("error"));
}

/** The revision that a message without a session names for itself; undefined if it names none, as messages of sessions do. */
export function namedRevision(message: unknown): unknown {
  return field(field(field(message, "params"), "_meta"), REVISION_KEY);
}

/** A field of a value of which nothing is known yet. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
