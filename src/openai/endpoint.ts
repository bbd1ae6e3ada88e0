/** One OpenAI-compatible endpoint: which model, in which form it takes a schema, and what it answered. */
import type { OpenAI } from "openai";
import { createBoundedFetch } from "./bounded-fetch.ts";
import type { Prompt } from "./prompt.ts";

export interface EndpointConfig {
  /** Base URL, `…/v1`. */
  endpoint: string;
  apiKey: string | null;
  /** Null: the one that the endpoint lists, if it lists exactly one. */
  model: string | null;
  /** Per try, in milliseconds. */
  timeoutMs: number;
}

/** How the answer's form is asked for, best first. */
export const RUNGS = ["json_schema", "json_object", "text"] as const;
export type Rung = (typeof RUNGS)[number];

export interface Reply {
  model: string;
  rung: Rung;
  /** Empty if the model answered nothing. */
  text: string;
  /** The model would not answer; its words. */
  refusal: string | null;
  /** The answer ended at the token limit. */
  cutOff: boolean;
  input_tokens: number | null;
  output_tokens: number | null;
}

/** A turn of the model that was not usable, and what to say about it. */
export interface Repair {
  answer: string;
  fault: string;
}

export interface Endpoint {
  /**
   * Asks once; this includes retries (at most two, with backoff, Retry-After honoured) and asking in another form.
   * Rejects if that fails.
   */
  ask(request: Request): Promise<Reply>;
}

interface Request {
  prompt: Prompt;
  schema: Record<string, unknown>;
  repair?: Repair | undefined;
  signal: AbortSignal;
}

const MAX_RETRIES = 2;
/** Most characters of an answer to be mended that are sent back. */
const MAX_REPEATED = 2_000;

/** Makes nothing and asks nothing before the first request. */
export function createEndpoint(config: EndpointConfig): Endpoint {
  let client: Promise<OpenAI> | undefined;
  let model = config.model;
  let taken: Rung | undefined;

  async function modelName(openai: OpenAI, signal: AbortSignal): Promise<string> {
    model ??= await onlyModel(openai, signal);
    return model;
  }

  return {
    async ask({ prompt, schema, repair, signal }) {
      client ??= connect(config);
      const openai = await client;
      const name = await modelName(openai, signal);
      const messages = conversation(prompt, repair);
      const order = taken ? [taken, ...RUNGS.filter((each) => each !== taken)] : RUNGS;
      for (const [index, rung] of order.entries()) {
        try {
          const answer = await openai.chat.completions.create(
            { model: name, messages, ...formOf(rung, schema) },
            { signal },
          );
          taken = rung;
          return replyOf(answer, { model: name, rung });
        } catch (error) {
          if (!refusesForm(error) || index === order.length - 1) throw error;
          taken = undefined; // what it takes may have changed: a router with several backends
        }
      }
      throw new Error("unreachable: the last form is returned or thrown");
    },
  };
}

/** Everything that the client would take from OPENAI_* variables is given here; its log is off. */
async function connect({ endpoint, apiKey, timeoutMs }: EndpointConfig): Promise<OpenAI> {
  const { OpenAI } = await import("openai"); // not at start-up: most steps need no model
  return new OpenAI({
    baseURL: endpoint,
    apiKey: apiKey ?? "none", // the constructor needs one, local endpoints do not
    organization: null,
    project: null,
    webhookSecret: null,
    adminAPIKey: null,
    timeout: timeoutMs,
    maxRetries: MAX_RETRIES,
    logLevel: "off",
    fetch: createBoundedFetch(apiKey),
    fetchOptions: { redirect: "error" }, // a question goes to this endpoint and to no other
  });
}

async function onlyModel(openai: OpenAI, signal: AbortSignal): Promise<string> {
  const listed = await modelNames(openai, signal);
  const [only, ...others] = listed;
  if (only !== undefined && others.length === 0) return only;
  const names = listed.slice(0, 20).join(", ") || "none";
  throw new Error(`AI_MODEL is not set, and the endpoint lists ${listed.length} models: ${names}`);
}

async function modelNames(openai: OpenAI, signal: AbortSignal): Promise<string[]> {
  try {
    return (await openai.models.list({ signal })).data.map((model) => model.id);
  } catch (error) {
    const status = statusOf(error);
    if (signal.aborted || status === 401 || status === 403) throw error;
    throw new Error(
      `AI_MODEL is not set, and the endpoint's models could not be listed${status ? ` (${status})` : ""}`,
    );
  }
}

function conversation({ system, user }: Prompt, repair: Repair | undefined) {
  const asked = [
    { role: "system" as const, content: system },
    { role: "user" as const, content: user },
  ];
  if (!repair) return asked;
  const mend = `That answer cannot be used: ${repair.fault}. Answer again, with the JSON object alone.`;
  const answered = { role: "assistant" as const, content: repair.answer.slice(0, MAX_REPEATED) };
  return [...asked, ...(repair.answer ? [answered] : []), { role: "user" as const, content: mend }];
}

function formOf(rung: Rung, schema: Record<string, unknown>) {
  if (rung === "json_schema") {
    const json_schema = { name: "decision", strict: true, schema };
    return { response_format: { type: "json_schema" as const, json_schema } };
  }
  return rung === "json_object" ? { response_format: { type: "json_object" as const } } : {};
}

/**
 * Whether the endpoint does not take the request in this form; a fault of the key, the model or the load is no such
 * fault.
 */
function refusesForm(error: unknown): boolean {
  const status = statusOf(error);
  return status === 400 || status === 415 || status === 422 || status === 501;
}

/** HTTP status of a failed request; null if none was answered. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("status" in error)) return null;
  return typeof error.status === "number" ? error.status : null;
}

function replyOf(answer: OpenAI.ChatCompletion, asked: { model: string; rung: Rung }): Reply {
  const fault = faultOf(answer);
  if (fault) throw new Error(fault);
  const choice = answer.choices?.[0]; // the type promises one; some endpoints answer without
  const { content, refusal } = choice?.message ?? {};
  return {
    ...asked,
    text: typeof content === "string" ? content : "",
    refusal: typeof refusal === "string" && refusal !== "" ? refusal : null,
    cutOff: choice?.finish_reason === "length",
    input_tokens: whole(answer.usage?.prompt_tokens),
    output_tokens: whole(answer.usage?.completion_tokens),
  };
}

/** What a 200 holds instead of a completion; null for a completion. The type says that there is always one. */
function faultOf(answer: unknown): string | null {
  if (typeof answer === "string") {
    const what = /^\s*</.test(answer) ? "HTML" : "text";
    return `the endpoint answered ${what}, no completion: is its base URL right (…/v1)?`;
  }
  if (typeof answer !== "object" || answer === null) return "the endpoint's answer is empty, no completion";
  if (Array.isArray(answer)) return "the endpoint's answer is a list, no completion";
  const error = "error" in answer ? answer.error : undefined;
  if (typeof error === "string") return error;
  const message = typeof error === "object" && error !== null && "message" in error ? error.message : undefined;
  return typeof message === "string" ? message : null;
}

function whole(count: unknown): number | null {
  return typeof count === "number" && Number.isFinite(count) ? Math.round(count) : null;
}
