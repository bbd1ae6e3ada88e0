/** Calls of tools, from a message's params to the result that goes back; knows no transport. */
import type { LoggingLevel, ProgressToken, ServerNotification } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { Caller } from "../engine/parts.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../words.ts";
import type { Elicit } from "./elicit/elicit.ts";
import { type Exchange, InputRequired } from "./elicit/exchange.ts";
import { errorAnswer } from "./error-answer.ts";
import { INVALID_PARAMS, ProtocolError } from "./message.ts";
import { createNotices, type Notices } from "./notices.ts";
import { createProgress } from "./progress.ts";
import { createRest } from "./rest.ts";
import { TOOLS } from "./tools.ts";

/** Longest name of a client in the history, in characters. */
const MAX_ACTOR = 80;

const TOOLS_BY_NAME = new Map(TOOLS.map((tool) => [tool.name, tool]));

/** One for the process, however many clients it serves. */
const rest = createRest();

/** What a call names. Its arguments are the tool's to read, so that every error of theirs has one shape. */
export const Call = z.object({ name: z.string(), arguments: z.unknown().optional() });

/** Who calls, and how to reach them until the answer is there. */
export interface Calling {
  client: { name: string; version: string } | undefined;
  /** Null: the client wants no log messages. */
  logLevel: LoggingLevel | null;
  signal: AbortSignal;
  progressToken: ProgressToken | undefined;
  send(notification: ServerNotification): Promise<void>;
  /** How the client asks a person; undefined if it does not. */
  exchange?: Exchange | undefined;
}

export interface CallParts {
  engine: Engine;
  log: Log;
  newId: () => string;
  /** Undefined: no client is asked to ask a person. */
  elicit?: Elicit | undefined;
}

/** Answers calls of tools; `idle` resolves when none is in flight. */
export function createCalls({ engine, log, newId, elicit }: CallParts) {
  const inFlight = new Set<Promise<unknown>>();

  async function answer(
    { name, arguments: sent }: z.infer<typeof Call>,
    { notices, caller, exchange }: { notices: Notices; caller: Caller; exchange: Exchange | undefined },
  ) {
    const tool = TOOLS_BY_NAME.get(name);
    if (!tool) throw new ProtocolError(INVALID_PARAMS, `There is no tool "${oneLine(name, 200)}"`);
    const began = performance.now();
    try {
      const asked = elicit && exchange ? elicit.asking(engine, exchange) : engine;
      const { text, structured } = await tool.call(asked, sent, caller);
      notices.answered(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured };
    } catch (error) {
      if (error instanceof InputRequired) return error.result;
      const { text, structured } = errorAnswer(error, { log, newId });
      notices.refused(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured, isError: true };
    } finally {
      log.debug({ tool: name, ms: Math.round(performance.now() - began) }, "tool called");
    }
  }

  async function call(asked: z.infer<typeof Call>, calling: Calling): Promise<object> {
    const { client, logLevel, signal, progressToken, send, exchange } = calling;
    const notices = createNotices(logLevel, (params) => send({ method: "notifications/message", params }));
    const progress = createProgress(progressToken, send);
    const caller = { actor: actorOf(client), signal, tell: progress.tell };
    const answering = answer(asked, { notices, caller, exchange });
    inFlight.add(answering);
    try {
      return await answering;
    } finally {
      progress.end();
      inFlight.delete(answering);
      rest.called();
    }
  }

  return { call, idle: async () => void (await Promise.allSettled(inFlight)) };
}

function actorOf(client: Calling["client"]): string {
  const name = client ? `mcp:${client.name}/${client.version}` : "mcp";
  return name.replaceAll("\0", "").slice(0, MAX_ACTOR).toWellFormed();
}
