/** What a definition demands before a run may go on, beyond the choice of the next step; pure rules. */
import { type Check, labelOf } from "../check.ts";
import type { Waiting } from "../decision.ts";
import type { LoadedWorkflow, Step } from "../workflow.ts";

/** Whether a report of that status says that the step is done, and so must prove it: every status but these two. */
export function claims(status: string): boolean {
  return status !== "failure" && status !== "in_progress";
}

/** Whether a step's report has to prove something. */
export function demandsProof({ produces, checks }: Step): boolean {
  return produces !== undefined || checks !== undefined;
}

/** What the instance waits for if the step is entered for the `count`th time on the live path; null if it may go on. */
export function heldAt(step: Step | undefined, count: number): Waiting | null {
  const most = step?.max_visits;
  if (!step || most === undefined || count <= most) return null;
  return { kind: "max_visits", message: `step "${step.name}" was entered ${count} times, and its limit is ${most}` };
}

/** What the earlier definition demands of a run and the later one does not, or less, in words; empty if nothing. */
export function weakened(earlier: LoadedWorkflow, later: LoadedWorkflow): string[] {
  const steps = new Map(later.workflow.steps.map((step) => [step.name, step]));
  const guarded = earlier.workflow.steps.filter((step) => demandsProof(step) || step.next || step.max_visits);
  const less = guarded.flatMap((step) => {
    const now = steps.get(step.name);
    return now ? weakerIn(step, now) : [`step "${step.name}" is gone`];
  });
  const runsLess = earlier.trusted && !later.trusted && guarded.some(({ checks }) => checks);
  return runsLess ? [...less, "its checks would not be looked at where these files are"] : less;
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
