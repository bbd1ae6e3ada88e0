/** What a definition demands before a run may go on, beyond the choice of the next step; pure rules. */
import { type Check, labelOf } from "../check.ts";
import type { JsonObject } from "../json.ts";
import { findStep, type LoadedWorkflow, type ResultField, type Step, type Workflow } from "../workflow.ts";

/** Whether a report of that status says that the step is done, and so must prove it: every status but these. */
export function claims(status: string): boolean {
  return status !== "failure" && status !== "in_progress" && status !== "paused";
}

/**
 * JSON Schema by key: what the report of a step must set. A step of the server that an agent does in its place must set what
 * the server would have.
 */
export function demandsOf({ produces, sets }: Step): Record<string, JsonObject> | undefined {
  if (!sets) return produces;
  const known =
    demanded.get(sets) ?? Object.fromEntries(Object.entries(sets).map(([key, field]) => [key, SCHEMAS[field]]));
  demanded.set(sets, known);
  return known;
}

/** By the `sets` of a step, since a pinned workflow stays the same object. */
const demanded = new WeakMap<object, Record<string, JsonObject>>();

const SCHEMAS: Record<ResultField, JsonObject> = {
  exit_code: { type: "integer" },
  milliseconds: { type: "integer" },
  output_file: { type: "string" },
  output_end: { type: "string" },
};

/** The server step that alone sets that key of the context; undefined if there is none, or a report of `step` may set it. */
export function serverOf({ steps }: Workflow, step: Step | undefined, key: string): Step | undefined {
  const own = [step?.sets, step?.produces].some((asked) => asked && Object.hasOwn(asked, key));
  return own ? undefined : steps.find(({ sets }) => sets && Object.hasOwn(sets, key));
}

/** Whether a step's report has to prove something. */
export function demandsProof(step: Step): boolean {
  return demandsOf(step) !== undefined || step.checks !== undefined;
}

/**
 * What the earlier definition demands of a run and the later one does not, or less, and what else the server or branches
 * would do, in words; empty if nothing. What both use is compared too.
 */
export function weakened(earlier: LoadedWorkflow, later: LoadedWorkflow): string[] {
  const now = usedBy(later);
  const below = [...usedBy(earlier)].flatMap(([name, before]) => {
    const after = now.get(name);
    return after ? weakenedIn(before, after).map((words) => `in "${name}": ${words}`) : [];
  });
  return [...weakenedIn(earlier, later), ...below];
}

type Trusted = Pick<LoadedWorkflow, "workflow" | "trusted">;

/** All below a workflow, each name once: it stands for the same one in the whole tree. */
function usedBy(root: Trusted): ReadonlyMap<string, Trusted> {
  const all = new Map<string, Trusted>();
  const pending = [root];
  for (let user = pending.pop(); user; user = pending.pop())
    for (const [name, { workflow, trusted = user.trusted }] of Object.entries(user.workflow.used ?? {})) {
      if (all.has(name)) continue;
      all.set(name, { workflow, trusted });
      pending.push({ workflow, trusted });
    }
  return all;
}

/** The same of one workflow, without those that it uses. */
function weakenedIn(earlier: Trusted, later: Trusted): string[] {
  const steps = new Map(later.workflow.steps.map((step) => [step.name, step]));
  const guarded = earlier.workflow.steps.filter(
    (step) => demandsProof(step) || step.next || step.max_visits || step.run || step.approval || step.branches,
  );
  const less = guarded.flatMap((step) => {
    const now = steps.get(step.name);
    return now ? weakerIn(step, now) : [`step "${step.name}" is gone`];
  });
  const others = [...otherApprovals(earlier, later), ...otherPrograms(earlier, later), ...otherUses(earlier, later)];
  const words = [...less, ...lessAtEnd(earlier, later), ...others];
  const runsLess = earlier.trusted && !later.trusted && guarded.some(({ checks, run }) => checks || run);
  return runsLess ? [...words, "nothing would be checked or run where these files are"] : words;
}

/** Who is asked what is a person's to change, in whichever direction; a step that is gone is told already. */
function otherApprovals(earlier: Trusted, later: Trusted): string[] {
  return later.workflow.steps.flatMap((step) => {
    const before = findStep(earlier.workflow, step.name);
    if (Bun.deepEquals(before?.approval, step.approval, true)) return [];
    const which = before?.approval ? (step.approval ? "another" : "no") : "a new";
    return [`${which} approval of "${step.name}"`];
  });
}

/** What the server would do in place of the agent, and did not. */
function otherPrograms(earlier: Trusted, later: Trusted): string[] {
  return later.workflow.steps.flatMap((step) => {
    const before = findStep(earlier.workflow, step.name);
    const keys = (["run", "until_passes"] as const).filter((key) => !Bun.deepEquals(before?.[key], step[key], true));
    return keys.map((key) => `another ${key} of "${step.name}"`);
  });
}

/** Which workflows do a step in place of an agent, or another. */
function otherUses(earlier: Trusted, later: Trusted): string[] {
  return later.workflow.steps.flatMap((step) => {
    const before = findStep(earlier.workflow, step.name);
    return Bun.deepEquals(before?.branches?.uses, step.branches?.uses, true) ? [] : [`another uses of "${step.name}"`];
  });
}

function lessAtEnd({ workflow: { outputs = {} } }: Trusted, later: Trusted): string[] {
  const changed = Object.entries(outputs).filter(
    ([key, schema]) => !Bun.deepEquals(later.workflow.outputs?.[key], schema, true),
  );
  return changed.map(([key]) => `outputs ${key}`);
}

function weakerIn(before: Step, now: Step): string[] {
  const words: string[] = [];
  const say = (what: string) => words.push(`${what} of "${before.name}"`);
  for (const check of before.checks ?? []) if (!includesEqual(now.checks ?? [], check)) say(`check ${labelOf(check)}`);
  for (const [key, schema] of Object.entries(before.produces ?? {})) {
    if (!Bun.deepEquals(now.produces?.[key], schema, true)) say(`produces ${key}`);
  }
  if (before.next && (!now.next || now.next.some((name) => !before.next?.includes(name)))) say("next");
  if (before.max_visits !== undefined && (now.max_visits ?? Number.POSITIVE_INFINITY) > before.max_visits) {
    say("max_visits");
  }
  return words;
}

function includesEqual(checks: Check[], wanted: Check): boolean {
  return checks.some((check) => Bun.deepEquals(check, wanted, true));
}
