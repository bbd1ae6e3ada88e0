/** What every revision of the protocol answers alike, from a method and its params; knows neither sessions nor transports. */
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { errorAnswer } from "./error-answer.ts";
import { ICON } from "./icon.ts";
import { given, INTERNAL_ERROR, ProtocolError, readParams } from "./message.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { completeTemplate, listResources, readResource, TEMPLATES } from "./resources.ts";
import { toolsList } from "./tools-list.macro.ts" with { type: "macro" };

/** The server's name, for programs and for people; each revision adds the version. */
export const SERVER = { name: "workflow-orchestrator", title: "Workflow Orchestrator", icons: [ICON] };

export const CAPABILITIES = {
  tools: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

/** The list of tools as it is sent. */
export const TOOLS_LIST_TEXT = toolsList();

const PromptChoice = z.object({ name: z.string(), arguments: given(z.record(z.string(), given(z.string()))) });
const Page = z.object({ cursor: given(z.string()) });
export const Uri = z.object({ uri: z.string() });
const Completion = z.object({
  ref: z.object({ type: z.string(), uri: given(z.string()) }),
  argument: z.object({ name: z.string(), value: z.string() }),
});

export type ReadingMethod =
  | "tools/list"
  | "prompts/list"
  | "prompts/get"
  | "resources/list"
  | "resources/templates/list"
  | "resources/read"
  | "completion/complete";

/** Methods without effects. They throw an AppError for what is not there, the protocol's error for params that are wrong. */
export const READING: Record<ReadingMethod, (engine: Engine, params: unknown) => object | Promise<object>> = {
  "tools/list": () => JSON.parse(TOOLS_LIST_TEXT),
  "prompts/list": async (engine) => ({ prompts: listPrompts(await engine.catalog()) }),
  "prompts/get": async (engine, params) => {
    const { name, arguments: sent = {} } = readParams(PromptChoice, params);
    const values = Object.entries(sent).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const { description, text } = getPrompt(await engine.catalog(), name, Object.fromEntries(values));
    return { description, messages: [{ role: "user", content: { type: "text", text } }] };
  },
  "resources/list": async (engine, params) => listResources(engine, readParams(Page, params).cursor),
  "resources/templates/list": () => ({ resourceTemplates: TEMPLATES }),
  "resources/read": async (engine, params) => {
    const { uri } = readParams(Uri, params);
    return { contents: [{ uri, ...(await readResource(engine, uri)) }] };
  },
  "completion/complete": async (engine, params) => {
    const { ref, argument } = readParams(Completion, params);
    if (ref.type !== "ref/resource") return { completion: { values: [], total: 0, hasMore: false } };
    return { completion: await completeTemplate(engine, ref.uri ?? "", argument.value) };
  },
};

/** Whether the method is one of these. */
export function isReading(method: string): method is ReadingMethod {
  return Object.hasOwn(READING, method);
}

/** What an AppError says, as an error of the protocol. */
export async function asProtocolError<T>(code: number, run: () => T | Promise<T>, data?: object): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError) throw new ProtocolError(code, `${error.message} ${error.hint}`, data);
    throw error;
  }
}

/** The error as the client may see it: what nobody foresaw gets the words that a tool has for it. */
export function withoutInternals(error: unknown, parts: { log: Log; newId: () => string }): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const { message, hint } = errorAnswer(error, parts).structured;
  return new ProtocolError(INTERNAL_ERROR, `${message} ${hint}`);
}
