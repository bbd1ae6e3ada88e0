/** What each request of the protocol without sessions says of itself in `_meta`, from 2026-07-28 on. */
import { type LoggingLevel, LoggingLevelSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { oneLine } from "../words.ts";
import { describeIssues } from "./arguments.ts";
import { field, given, INVALID_PARAMS, REVISION_KEY } from "./message.ts";

/** The one revision without sessions that is served. */
export const REVISION = "2026-07-28";
/** The protocol's code for a revision that is not served. */
export const UNSUPPORTED_VERSION = -32_022;

const PREFIX = "io.modelcontextprotocol/";
export const SERVER_INFO = `${PREFIX}serverInfo`;
export const SUBSCRIPTION_ID = `${PREFIX}subscriptionId`;

const Meta = z.object({
  [REVISION_KEY]: z.string(),
  [`${PREFIX}clientCapabilities`]: z.looseObject({}),
  [`${PREFIX}clientInfo`]: given(z.object({ name: z.string(), version: z.string() })),
  [`${PREFIX}logLevel`]: given(LoggingLevelSchema),
  progressToken: given(z.union([z.string(), z.int()])),
});

export interface Envelope {
  client: { name: string; version: string } | undefined;
  /** Null: no log messages are wanted. */
  logLevel: LoggingLevel | null;
  progressToken: string | number | undefined;
  /** What the client can do beside calling. */
  capabilities: object;
}

/** Why a request is refused before its method is looked at. */
export interface EnvelopeFault {
  code: number;
  fault: string;
  data?: object;
}

/** Whether a header names a revision without sessions. */
export function isSessionless(version: string | null): boolean {
  return version !== null && /^\d{4}-\d\d-\d\d$/.test(version) && version >= REVISION;
}

export function readEnvelope(message: unknown): { envelope: Envelope } | { refused: EnvelopeFault } {
  const { success, data, error } = Meta.safeParse(field(field(message, "params"), "_meta") ?? {});
  if (!success) {
    const fault = `The request's _meta cannot be read: ${describeIssues(error)}.`;
    return { refused: { code: INVALID_PARAMS, fault: oneLine(fault, 500) } };
  }
  const requested = oneLine(data[REVISION_KEY], 80);
  if (requested !== REVISION) {
    const fault = `Protocol version "${requested}" is not served in this way; ${REVISION} is, and earlier ones by initialize.`;
    return { refused: { code: UNSUPPORTED_VERSION, fault, data: { supported: [REVISION], requested } } };
  }
  const client = data[`${PREFIX}clientInfo`];
  const logLevel = data[`${PREFIX}logLevel`] ?? null;
  const capabilities = data[`${PREFIX}clientCapabilities`];
  return { envelope: { client, logLevel, progressToken: data.progressToken, capabilities } };
}
