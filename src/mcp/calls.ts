/** Calls of tools, from a message's params to the result that goes back; knows no transport. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Attention } from "../decider.ts";
import type { Engine } from "../engine/engine.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../words.ts";
import { errorAnswer } from "./error-answer.ts";
import { INVALID_PARAMS, ProtocolError } from "./message.ts";
import type { Notices } from "./notices.ts";
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

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

interface CallParts {
  engine: Engine;
  log: Log;
  newId: () => string;
  notices: Notices;
}

/** Answers calls of tools; `idle` resolves when none is in flight. */
export function createCalls(server: Server, { engine, log, newId, notices }: CallParts) {
  const inFlight = new Set<Promise<unknown>>();

  async function answer(name: string, sent: unknown, attention: Attention) {
    const tool = TOOLS_BY_NAME.get(name);
    if (!tool) throw new ProtocolError(INVALID_PARAMS, `There is no tool "${oneLine(name, 200)}"`);
    const began = performance.now();
    try {
      const { text, structured } = await tool.call(engine, sent, { actor: actorOf(server), ...attention });
      notices.answered(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured };
    } catch (error) {
      const { text, structured } = errorAnswer(error, { log, newId });
      notices.refused(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured, isError: true };
    } finally {
      log.debug({ tool: name, ms: Math.round(performance.now() - began) }, "tool called");
    }
  }

  async function call({ name, arguments: sent }: z.infer<typeof Call>, { signal, sendNotification, _meta }: Extra) {
    const progress = createProgress(_meta?.progressToken, sendNotification);
    const answering = answer(name, sent, { signal, tell: progress.tell });
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

function actorOf(server: Server): string {
  const client = server.getClientVersion();
  const name = client ? `mcp:${client.name}/${client.version}` : "mcp";
  return name.replaceAll("\0", "").slice(0, MAX_ACTOR).toWellFormed();
}
