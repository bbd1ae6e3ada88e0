/** What this version reads and checks, and does not do yet. The last commit of branches removes this file. */
import type { Problem } from "../workflow.ts";
import type { ParseResult } from "./parse-result.ts";

const BRANCHES_UNSUPPORTED = "BRANCHES_UNSUPPORTED";

/** A problem for each key that counts on branches: a run would go on as if nothing was written there. */
export function refusals(result: ParseResult): Problem[] {
  if (!result.ok) return [];
  return [result, ...Object.values(result.privates ?? {})].flatMap((each) =>
    (each.ok ? (each.later ?? []) : []).map((at) => ({
      code: BRANCHES_UNSUPPORTED,
      ...at,
      message: "This version cannot run branches",
      hint: 'Remove "uses" and "outputs" to go on without them',
    })),
  );
}
