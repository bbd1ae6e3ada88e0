/** What a server with these settings would do here: where it looks for workflows, what of them it checks and runs, and whom it asks. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { App } from "../app.ts";
import { type Check, kindOf, labelOf } from "../check.ts";
import { refusalOf } from "../checks/permission.ts";
import type { Catalog, LoadedWorkflow, Step, Workflow } from "../workflow.ts";

interface Allowed {
  /** Why a server would not; null if it would. */
  refusal: string | null;
}
type CheckHere = Allowed & { check: string };
type ProgramHere = Allowed & { program: string };

/** What of a workflow a server looks at and runs, and where it asks a person. */
export interface Here {
  /** Each check once, in the order of the steps. */
  checks: CheckHere[];
  /** Each program of a server step once. */
  programs: ProgramHere[];
  /** The steps that a person must approve. */
  approvals: string[];
}

/** What a server with these settings would make of the workflow. */
export function whatHere({ workflow, trusted }: LoadedWorkflow, { permission }: Pick<App, "permission">): Here {
  const steps = stepsOf(workflow);
  const named = (check: Check) => {
    const name = kindOf(check).commandName?.(check);
    const text = name === undefined ? undefined : permission.commands.get(name)?.text;
    return labelOf(check) + (text === undefined ? "" : ` (${text})`);
  };
  const once = (all: Check[]) => new Map(all.map((check) => [named(check), refusalOf(check, trusted, permission)]));
  return {
    checks: [...once(steps.flatMap(({ checks = [] }) => checks))].map(([check, refusal]) => ({ check, refusal })),
    programs: [...once(steps.flatMap(({ run = [] }) => run))].map(([program, refusal]) => ({ program, refusal })),
    approvals: steps.flatMap(({ name, approval }) => (approval ? name : [])),
  };
}

/** Those of its private workflows too, which stand in no list. */
function stepsOf({ name, steps, used = {} }: Workflow): Step[] {
  const privates = Object.values(used).filter(({ workflow }) => workflow.name.startsWith(`${name}/`));
  return [...steps, ...privates.flatMap(({ workflow }) => stepsOf(workflow))];
}

/**
 * `the server checks test (bun test) and runs make; not lint: the server was started without --command lint=…; a person must
 * approve Deploy`; empty if there is nothing of the kind.
 */
export function whatWords({ checks, programs, approvals }: Here): string {
  const all = [
    ...checks.map(({ check, refusal }) => ({ does: "checks", what: check, refusal })),
    ...programs.map(({ program, refusal }) => ({ does: "runs", what: program, refusal })),
  ];
  const names = (some: typeof all) => [...new Set(some.map(({ what }) => what))].join(" | ");
  const done = ["checks", "runs"].flatMap((verb) => {
    const some = all.filter(({ does, refusal }) => does === verb && refusal === null);
    return some.length > 0 ? `${verb} ${names(some)}` : [];
  });
  const reasons = [...new Set(all.flatMap(({ refusal }) => refusal ?? []))];
  const left = reasons.map((reason) => `not ${names(all.filter(({ refusal }) => refusal === reason))}: ${reason}`);
  const asked = approvals.length > 0 ? [`a person must approve ${approvals.join(" | ")}`] : [];
  return [...(done.length > 0 ? [`the server ${done.join(" and ")}`] : []), ...left, ...asked].join("; ");
}

/** `the built-in workflows, /home/ada/shop/workflows (there is none)` */
export function placesWords({ places }: Catalog): string {
  const isMissing = (place: string) => isAbsolute(place) && !existsSync(place);
  return places.map((place) => (isMissing(place) ? `${place} (there is none)` : place)).join(", ");
}
