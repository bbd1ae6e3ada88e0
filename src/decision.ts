/** The choice of the next step: what a decision holds, and which steps may follow. */
import { z } from "zod";
import { JsonObject } from "./json.ts";
import { FAIL, FINISH, type Step, type Workflow } from "./workflow.ts";

export const DecidedBy = z.enum(["route", "model", "agent", "resume", "rewind", "person", "timer"]);
export type DecidedBy = z.infer<typeof DecidedBy>;

/** Which model answered, how it was asked (`json_schema`, `json_object`, `text`), and what that cost. */
const ModelUse = z.object({
  name: z.string(),
  rung: z.string(),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  milliseconds: z.int(),
});

/** How entries of versions before 0.3.0 say what the instance waits for: `max_visits`, and else the reasoning of a model. */
const OldWaiting = z.object({ kind: z.string(), message: z.string() });

export const Decision = z.object({
  decided_by: DecidedBy,
  /** A step's name, FINISH or FAIL. */
  next_step: z.string(),
  reasoning: z.string(),
  /** What the deciders before it said, such as a route that could not be evaluated. */
  notes: z.array(z.string()).optional(),
  /** Merged into the context after the report's own updates. */
  context_updates: JsonObject.optional(),
  /**
   * A model's wish: the step is entered, but the instance waits there, or has failed. FAILED with the step FAIL, and
   * CANCELLED, end the instance where it is.
   */
  status: z.enum(["SUSPENDED", "FAILED", "CANCELLED"]).optional(),
  waiting_for: OldWaiting.optional(),
  /** The deadline that was over (decided by `timer`). */
  deadline: z.string().optional(),
  /** A rewind: the earlier visit whose step and context are handed out again. */
  to_visit: z.int().optional(),
  /** What the decider could choose from. */
  candidates: z.array(z.string()).optional(),
  /** What a model's decision cost. */
  model: ModelUse.optional(),
  /** The agent chose a step that the guidance does not name. */
  off_guidance: z.boolean().optional(),
});
export type Decision = z.infer<typeof Decision>;

/** Whether a rule always decides what follows the step, so that nobody is asked. */
export function decidedByRule({ next, routes }: Step): boolean {
  return next?.length === 1 || routes.some(({ when }) => when === null);
}

/** The names to which the step can lead; undefined if whoever decides may take any. */
export function leadsTo({ next, routes, deadline, approval }: Step): readonly string[] | undefined {
  if (next) return next;
  if (!routes.some(({ when }) => when === null)) return undefined;
  return [...routes.map(({ to }) => to), deadline?.then, approval?.denied].filter((name) => name !== undefined);
}

/** What the agent may choose from. `guided` is the part of `candidates` that needs no reason. */
export interface Candidates {
  candidates: string[];
  guided: string[];
}

/** The names that may follow the step, whoever decides; FAIL only if `next` or a route names it. */
export function mayFollow(workflow: Workflow, { next, routes }: Step): string[] {
  if (next) return next;
  return routes.some(({ to }) => to === FAIL) ? [...new Set([...anyStep(workflow), FAIL])] : anyStep(workflow);
}

/** What may follow a step that says nothing of it. */
function anyStep({ steps }: Workflow): string[] {
  return [...steps.map((each) => each.name), FINISH];
}

/** By step, since a pinned workflow and its steps stay the same objects. */
const known = new WeakMap<Step, Candidates>();

/**
 * What is offered to whoever decides: the names in the step's guidance first (as it names them), then the following step. A
 * route to FAIL offers it to nobody.
 */
export function candidatesAfter(workflow: Workflow, step: Step): Candidates {
  const found = known.get(step) ?? findCandidates(workflow, step);
  known.set(step, found);
  return found;
}

function findCandidates(workflow: Workflow, step: Step): Candidates {
  if (step.next) return { candidates: step.next, guided: step.next };
  const allowed = anyStep(workflow);
  const guided = [...new Set([...namedIn(step.guidance, allowed), following(workflow, step)])];
  return { candidates: [...new Set([...guided, ...allowed])], guided };
}

/** The step after this one in the list, or FINISH after the last. */
function following(workflow: Workflow, step: Step): string {
  const index = workflow.steps.findIndex((each) => each.name === step.name);
  return workflow.steps[index + 1]?.name ?? FINISH;
}

/**
 * The names that stand in the text as whole words, in order of appearance; a name that is only part of a longer one
 * does not count.
 */
function namedIn(text: string, names: string[]): string[] {
  const found: { at: number; name: string }[] = [];
  let rest = text;
  for (const name of [...names].sort((a, b) => b.length - a.length)) {
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])${RegExp.escape(name)}(?![\\p{L}\\p{N}_])`, "gu");
    const at = rest.search(pattern);
    if (at < 0) continue;
    found.push({ at, name });
    rest = rest.replace(pattern, (match) => " ".repeat(match.length));
  }
  return found.sort((a, b) => a.at - b.at).map((each) => each.name);
}
