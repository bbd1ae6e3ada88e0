/** What a server with these settings would do here: where it looks for workflows, and which of their checks it looks at. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { App } from "../app.ts";
import { kindOf, labelOf } from "../check.ts";
import { refusalOf } from "../checks/permission.ts";
import type { Catalog, LoadedWorkflow } from "../workflow.ts";

export interface CheckHere {
  check: string;
  /** Why a server would not look at it; null if it would. */
  refusal: string | null;
}

/** Each check of a workflow once, in the order of its steps. */
export function checksHere(
  { workflow, trusted }: LoadedWorkflow,
  { permission }: Pick<App, "permission">,
): CheckHere[] {
  const all = workflow.steps.flatMap(({ checks = [] }) => checks);
  const found = all.map((check) => {
    const name = kindOf(check).commandName?.(check);
    const text = name === undefined ? undefined : permission.commands.get(name)?.text;
    const label = labelOf(check) + (text === undefined ? "" : ` (${text})`);
    return [label, { check: label, refusal: refusalOf(check, trusted, permission) }] as const;
  });
  return [...new Map(found).values()];
}

/** `the server checks test (bun test); not lint: the server was started without --command lint=…`; empty without checks. */
export function checksWords(checks: CheckHere[]): string {
  const runs = checks.filter(({ refusal }) => refusal === null).map(({ check }) => check);
  const reasons = [...new Set(checks.flatMap(({ refusal }) => refusal ?? []))];
  const left = reasons.map((reason) => {
    const names = checks.filter(({ refusal }) => refusal === reason).map(({ check }) => check);
    return `not ${names.join(" | ")}: ${reason}`;
  });
  return [...(runs.length > 0 ? [`the server checks ${runs.join(" | ")}`] : []), ...left].join("; ");
}

/** `the built-in workflows, /home/ada/shop/workflows (there is none)` */
export function placesWords({ places }: Catalog): string {
  const isMissing = (place: string) => isAbsolute(place) && !existsSync(place);
  return places.map((place) => (isMissing(place) ? `${place} (there is none)` : place)).join(", ");
}
