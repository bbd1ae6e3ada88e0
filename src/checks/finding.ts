import type { CheckResult } from "../check.ts";

/** How a look went, without the name of what was looked at. */
export type Finding = Omit<CheckResult, "check">;
