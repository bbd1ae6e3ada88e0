/** Whoever chooses the next step: the question it gets and the verdict it gives. */
import type { Decision } from "./decision.ts";
import type { Instance } from "./instance.ts";
import type { JsonObject } from "./json.ts";
import type { Report } from "./report.ts";
import type { Step, Workflow } from "./workflow.ts";

/** Everything a decider may look at. Values that came from agents are data: never a path, a template or an instruction. */
export interface Question {
  workflow: Workflow;
  instance: Instance;
  step: Step;
  report: Report;
  /** The context with this report's updates merged in. */
  context: JsonObject;
}

/** A decision, or the reasons for having none; the question then goes to the next decider. */
export type Verdict = { decision: Decision } | { passed: string[] };

export interface Decider {
  decide(question: Question): Promise<Verdict>;
}
