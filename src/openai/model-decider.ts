/** The middle rung: judgement by a model, bounded by what may follow, recorded, and harmless when it fails. */
import type { Attention, Decider, Question, Verdict } from "../decider.ts";
import type { Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import { MAX_CONTEXT_BYTES } from "../instance.ts";
import { jsonBytes, mergeContext } from "../json.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../words.ts";
import { FINISH } from "../workflow.ts";
import { withoutKey } from "./bounded-fetch.ts";
import { createEndpoint, type EndpointConfig, type Reply, statusOf } from "./endpoint.ts";
import { buildPrompt } from "./prompt.ts";
import { type Choice, readReply, replySchema } from "./reply.ts";

/** One decision, retries and repair included; clients give up on a call at 60 s. */
const TOTAL_MS = 44_000;
/** An endpoint that was down is not asked again for this long. */
const LEFT_ALONE_MS = 60_000;

interface Deps {
  log: Log;
  now: () => Date;
}

/** Why the model cannot decide; the kind is for the log, which holds no words of an agent, a model or an endpoint. */
class CannotDecide extends Error {
  readonly kind: "left alone" | "request failed" | "refused" | "unusable answer";
  readonly status: number | null;

  constructor(kind: CannotDecide["kind"], message: string, status: number | null = null) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** A decider that asks the endpoint, and passes if it fails. Throws AI_SERVICE_ERROR if the client cancels its call. */
export function createModelDecider(config: EndpointConfig, { log, now }: Deps): Decider {
  const endpoint = createEndpoint(config);
  let down: { until: number; why: string } | null = null;

  async function choose(question: Question, { signal, tell }: Attention): Promise<Decision> {
    if (down && now().getTime() < down.until) {
      throw new CannotDecide("left alone", `left alone for a while: ${down.why}`);
    }
    tell?.(`asking ${config.model ?? "the model"} what follows ${question.step.name}`);
    const began = performance.now();
    const prompt = buildPrompt(question, await question.recent());
    const schema = replySchema(question.choice.candidates);
    const limit = AbortSignal.any([AbortSignal.timeout(TOTAL_MS), ...(signal ? [signal] : [])]);
    const spent = { input_tokens: 0, output_tokens: 0, counted: false };
    let fault = "";
    let answer = "";
    for (let turn = 1; turn <= 2; turn++) {
      const repair = turn === 1 ? undefined : { answer, fault };
      const reply = await request({ prompt, schema, repair, signal: limit }, signal);
      count(spent, reply);
      const choice = choiceIn(reply, question);
      if (typeof choice !== "string") return decisionOf(choice, { question, reply, spent, began });
      fault = choice;
      answer = reply.text;
    }
    throw new CannotDecide("unusable answer", `its answer cannot be used, twice: ${fault}`);
  }

  /** A request that fails marks the endpoint as down, unless it was the client that gave up. */
  async function request(what: Parameters<typeof endpoint.ask>[0], client: AbortSignal | undefined): Promise<Reply> {
    try {
      return await endpoint.ask(what);
    } catch (error) {
      if (client?.aborted) throw cancelled();
      const why = what.signal.aborted ? `no answer within ${TOTAL_MS / 1000} s` : reasonOf(error, config.apiKey);
      if (isDown(error)) down = { until: now().getTime() + LEFT_ALONE_MS, why };
      throw new CannotDecide("request failed", why, statusOf(error));
    }
  }

  return {
    asksOutside: true,
    async decide(question, attention): Promise<Verdict> {
      const about = { instance_id: question.instance.instance_id, step: question.step.name };
      try {
        const decision = await choose(question, attention);
        log.info({ ...about, next_step: decision.next_step, ...decision.model }, "model decided");
        return { decision };
      } catch (error) {
        if (!(error instanceof CannotDecide)) throw error;
        log.warn({ ...about, why: error.kind, status: error.status }, "model could not decide");
        return { passed: [`the model could not decide: ${error.message}`] };
      }
    },
  };
}

/** AI_SERVICE_ERROR: nobody waits for the answer any more, so nothing is decided. */
function cancelled(): AppError {
  return new AppError("AI_SERVICE_ERROR", "The call was cancelled before the model answered; nothing moved.", {
    hint: "Send the same call again: the report is kept.",
    retryable: true,
  });
}

function choiceIn(reply: Reply, question: Question): Choice | string {
  if (reply.refusal !== null) throw new CannotDecide("refused", `it refused: ${oneLine(reply.refusal, 200)}`);
  if (reply.text.trim() === "") return "the answer is empty";
  const choice = readReply(reply.text, question);
  return typeof choice === "string" && reply.cutOff
    ? `the answer was cut off at its limit; be brief (${choice})`
    : choice;
}

interface Spent {
  input_tokens: number;
  output_tokens: number;
  counted: boolean;
}

function count(spent: Spent, { input_tokens, output_tokens }: Reply): void {
  spent.input_tokens += input_tokens ?? 0;
  spent.output_tokens += output_tokens ?? 0;
  spent.counted ||= input_tokens !== null;
}

function decisionOf(choice: Choice, of: { question: Question; reply: Reply; spent: Spent; began: number }): Decision {
  const { question, reply, spent, began } = of;
  const { next_step, reasoning } = choice;
  const roomy = jsonBytes(mergeContext(question.context, choice.context_updates)) <= MAX_CONTEXT_BYTES;
  const context_updates = roomy ? choice.context_updates : {};
  return {
    decided_by: "model",
    next_step,
    reasoning,
    ...(Object.keys(context_updates).length > 0 ? { context_updates } : {}),
    ...(choice.status && next_step !== FINISH ? { status: choice.status } : {}),
    ...(roomy ? {} : { notes: ["the model's context updates were left out: the context is full"] }),
    candidates: question.choice.candidates,
    model: {
      name: reply.model,
      rung: reply.rung,
      input_tokens: spent.counted ? spent.input_tokens : null,
      output_tokens: spent.counted ? spent.output_tokens : null,
      milliseconds: Math.round(performance.now() - began),
    },
  };
}

/** Whether the next request would fail as well; not if this request alone is the cause, such as by its length. */
function isDown(error: unknown): boolean {
  const status = statusOf(error);
  return status === null || status >= 500 || [401, 403, 404, 408, 429].includes(status);
}

/** Why a request failed, in the endpoint's words, cut; should they repeat the key, it is taken out. */
function reasonOf(error: unknown, apiKey: string | null): string {
  const status = statusOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const words = oneLine(withoutKey(said, apiKey), 200);
  return status === null || words.startsWith(String(status)) ? words : `${status} ${words}`;
}
