/** The first rung: the step's `# Routes`, tried in order, else a single `next`; without any model. */
import type { Decider, Question, Verdict } from "../decider.ts";
import { quoted } from "../words.ts";
import { createMeter, type Meter } from "../work/meter.ts";
import type { Step } from "../workflow.ts";
import { type CelFacts, celFacts, compileExpression, type Expression, firstLine } from "./expression.ts";

/** Work that one route may take: enough for a pass over the largest context, too little for a pass within a pass. */
const ROUTE_UNITS = 1_000_000;
/** Work that all routes of a step may take together, and what is left to each route when that is used up. */
const STEP_UNITS = 5_000_000;
const LEAST_UNITS = 1_000;
/** After so much work, other calls get their turn. */
const TURN_UNITS = 100_000;

/** Most characters that a note shows of a choice that was not followed. */
const MAX_WISH = 100;

/**
 * Decides by the first route that is true. A route that is not true, or cannot be evaluated, is passed over, and the
 * notes say why. A person's no goes by routes about approval alone: nothing else carries it forward.
 */
export function createRoutesDecider(): Decider {
  const compiled = new WeakMap<Step, (Expression | undefined)[]>();

  function expressionsOf(step: Step): (Expression | undefined)[] {
    const known = compiled.get(step);
    if (known) return known;
    const made = step.routes.map(({ when }) =>
      when === null ? undefined : compileExpression(when, step.branches ? "joined" : "route"),
    );
    compiled.set(step, made);
    return made;
  }

  return {
    asksOutside: false,
    decide: (question) => follow(question, expressionsOf(question.step)),
  };
}

async function follow(question: Question, expressions: (Expression | undefined)[]): Promise<Verdict> {
  let facts: CelFacts | undefined;
  const notes: string[] = [];
  let left = STEP_UNITS;
  for (const [index, route] of question.step.routes.entries()) {
    if (question.denied && route.about !== "approval") continue;
    if (route.when === null) return decided(question, { to: route.to, reasoning: "otherwise", notes });
    facts ??= celFacts(factsOf(question));
    const meter = createMeter(Math.max(LEAST_UNITS, Math.min(ROUTE_UNITS, left)));
    const fault = evaluate(expressions[index], facts, meter);
    if (fault === null) {
      return decided(question, { to: route.to, reasoning: `\`${route.when}\` is true`, notes });
    }
    if (fault) notes.push(`\`${route.when}\` could not be evaluated: ${fault}`);
    left -= meter.used();
    if (meter.used() > TURN_UNITS) await new Promise(setImmediate);
  }
  const [only, ...others] = question.denied ? [] : (question.step.next ?? []);
  if (only === undefined || others.length > 0) return { passed: notes };
  return decided(question, { to: only, reasoning: "the only step that may follow", notes });
}

function decided({ report }: Question, by: { to: string; reasoning: string; notes: string[] }): Verdict {
  const { to, reasoning, notes } = by;
  const wish = report.next_step;
  if (wish !== undefined && wish !== to) notes.push(`the agent's next_step ${quoted(wish, MAX_WISH)} was not followed`);
  const decision = { decided_by: "route" as const, next_step: to, reasoning };
  return { decision: notes.length > 0 ? { ...decision, notes } : decision };
}

/** Null if true, "" if false, else why it could not be evaluated. */
function evaluate(expression: Expression | undefined, facts: CelFacts, meter: Meter): string | null {
  try {
    const value = expression?.(facts, meter);
    if (value === true) return null;
    return value === false ? "" : "the result is not true or false";
  } catch (error) {
    return firstLine(error);
  }
}

function factsOf({ instance, step, report, context, denied, branches }: Question) {
  const { visit, unattended } = instance;
  return {
    report: denied ? {} : report,
    context,
    visits: instance.visits[step.name]?.count ?? 1,
    step: { name: step.name, step_id: report.step_id, visit },
    unattended,
    approval: { denied: denied !== undefined, comment: denied?.comment ?? "" },
    ...(branches ? { branches } : {}),
  };
}
