/** What a branch step's front matter says in expressions, worked out for a run. */
import type { JsonObject } from "./json.ts";
import type { ExpressionPlace } from "./workflow.ts";

/** What such an expression can name. */
export interface BranchFacts {
  context: JsonObject;
  /** Visits of the step, this one included. */
  visits: number;
  step: { name: string; step_id: string; visit: number };
  unattended: boolean;
  /** Of one branch. */
  item?: unknown;
}

export interface Reckoner {
  /** The value as JSON, or why there is none, in one line. Takes a bounded time. Never throws. */
  value(text: string, place: Exclude<ExpressionPlace, "route" | "joined">, facts: BranchFacts): Reckoned;
}

export type Reckoned = { value: unknown } | { fault: string };
