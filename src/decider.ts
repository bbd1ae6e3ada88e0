/** Whoever chooses the next step: the question it gets and the verdict it gives. */
import type { Joined } from "./branch.ts";
import type { Candidates, Decision } from "./decision.ts";
import type { HistoryEntry, Instance } from "./instance.ts";
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
  /** What may follow, whoever decides. */
  choice: Candidates;
  /** The last entries of the history, oldest first; read only when asked for. */
  recent: () => Promise<HistoryEntry[]>;
  /** Of a branch step: what became of its branches. */
  branches?: Pick<Joined, "total" | "completed" | "failed" | "cancelled" | "results">;
  /** A person said no to the step: only routes that name the approval are about that, and they see no report. */
  denied?: { comment: string };
  /** The step at which a client that resumes thought it was, if that is not the current one. */
  assumed?: string | undefined;
}

/** A decision, or the reasons for having none; the question then goes to the next decider. */
export type Verdict = { decision: Decision } | { passed: string[] };

/** While a decider works: when to stop, and whom to tell that it takes a while. */
export interface Attention {
  signal?: AbortSignal | undefined;
  tell?: ((what: string) => void) | undefined;
}

export interface Decider {
  /** It asks somebody outside this process, which takes time and may fail: the report is made durable first. */
  readonly asksOutside: boolean;
  /** Rejects with STEP_NOT_ALLOWED if the agent may not choose so, AI_SERVICE_ERROR if the client gave up meanwhile. */
  decide(question: Question, attention: Attention): Promise<Verdict>;
}
