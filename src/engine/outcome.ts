/** What a call of the engine resolves to, before anyone words it. */
import type { Branch, BranchCounts, Joined } from "../branch.ts";
import type { CheckResult, Evidence } from "../check.ts";
import { type Candidates, candidatesAfter, type Decision } from "../decision.ts";
import {
  currentStep,
  type ForkedFrom,
  type HistoryEntry,
  type Instance,
  type InstanceSummary,
  type Status,
} from "../instance.ts";
import type { FilesPlace } from "../run-files.ts";
import type { Filler } from "../template.ts";
import { RELEASED, type Waiting } from "../turn.ts";
import type { Step, Workflow } from "../workflow.ts";
import type { Running } from "./attempts.ts";
import type { Call } from "./call.ts";
import { fillerOf } from "./filling.ts";
import { agentDecides } from "./parts.ts";
import { checksOf, type StepCheck } from "./step-checks.ts";

/** The agent has to choose, by this guidance. */
export interface Ask extends Candidates {
  guidance: string;
}

export interface Outcome {
  instance: Instance;
  workflow: Workflow;
  /** Its definition came from where checks may run. */
  trusted: boolean;
  /**
   * What the call did: handed out a step (or the end), kept a report until the agent chooses, took a note, or began checks
   * that still run.
   */
  did: "handed_out" | "kept" | "noted" | "checking";
  /** What the server will look at when the current step is reported. */
  checks: StepCheck[];
  /** Fills in the current step's instructions, if they name more than values of the context. */
  filler: Filler | undefined;
  /** The place for the run's own files, if it is to be told. */
  files?: FilesPlace;
  checks_running?: Running;
  /** What they showed of the report that this call decided, or that an earlier one like it did. */
  checked?: Evidence;
  /** While the run goes on by itself: the command that ends when it has; undefined if the agent cannot run it. */
  wait_command?: string | undefined;
  /** The branches that ended on the way to where the run is, or had ended before by a report like that of the call. */
  ended?: EndedBranch[];
  /** What became of the branches of the step, which the agent joins. */
  joined?: Joined;
  /** Branches of which several are open at once. */
  board?: Board;
  /** While a person must act: the command for them; undefined if the agent is not on their machine. */
  person_command?: string | undefined;
  /** What became of the dialog in which the client asked a person, in a sentence, if nothing is decided by it. */
  dialog?: string;
  /** The last visit, if it ended by a person's no. */
  denied?: HistoryEntry;
  /** The server steps that were done on the way to where the run is, the oldest first. */
  server_did?: ServerDid[];
  /** The keys of the context that these steps set. */
  server_set?: string[];
  decision?: Decision | undefined;
  /** Keys of the context that a report changed on its way here; absent if the caller is to be told the context whole. */
  changed?: string[];
  ask?: Ask;
  /** Why those who were asked before the agent did not decide. */
  notes?: string[];
  replayed?: boolean;
  also_running?: InstanceSummary[];
  recap?: Recap;
  /** This call made a fork; the answer may be about a branch of it. */
  forked?: Forked;
  /** Proofs of a run that is resumed, or over, since which the project changed. */
  stale?: StaleProof[];
  /** Why the report that was kept does not count any more. */
  unproven?: string;
}

/** What is told of a fork and of the run that it came from. */
export interface Forked {
  instance_id: string;
  from: ForkedFrom;
  /** How that run stands. */
  source: Instance["status"];
  /** The commit that git's HEAD names now; null if it cannot be told. */
  head: string | null;
  /** The place of that run's own files, which are not copied; absent if it has none. */
  files?: string;
}

/** A branch as the board of its parent shows it. */
export interface Shown {
  number: number;
  item: unknown;
  instance_id: string;
  step_name: string;
  last_report_at: string | null;
  /** When somebody resumed it by its id. */
  taken_at?: string;
  /** What it waits for, if that is not an agent's to do. */
  waiting_for?: Waiting;
  /** The command by which a person lets it go on, if it waits for one. */
  person_command?: string;
}

/** Several branches at once: those that nobody took up yet, and those that somebody works on. */
export interface Board {
  counts: BranchCounts;
  fresh: Shown[];
  open: Shown[];
  /** When it was looked at. */
  now: string;
}

/** A branch that ended, as an answer begins with it. */
export interface EndedBranch extends Pick<Branch, "number" | "total" | "item" | "step_name" | "parent_id"> {
  instance_id: string;
  status: Status;
  /** Why it did not get to its end. */
  error?: string;
  /** Others are open beside it, or were: whoever did it has nothing more to call. */
  beside: boolean;
}

/** A visit that the server did. */
export interface ServerDid {
  step_name: string;
  visit: number;
  seen: CheckResult;
}

/** A proof that is older than a change of the project. */
export interface StaleProof {
  step_name: string;
  visit: number;
  /** What came, went or changed since; null if only that something did is known. */
  files: string[] | null;
}

/** Where a client that resumes thought it was. */
export type Position = { assumed: string; relation: "behind" | "ahead" | "unknown" };

/** Where the project stands now, and where it stood when the current visit was entered. */
export interface ProjectState {
  /** Ids of commits; `before` is null if none was noted. */
  head: { before: string | null; now: string };
  /** Files that differ from the last commit; null if that cannot be told. */
  modified: string[] | null;
}

/** What an agent without memory needs to know. */
export interface Recap {
  /** Null: nothing was reported yet. */
  last_report_at: string | null;
  now: string;
  /** The last decided visits, oldest first. */
  recent: HistoryEntry[];
  /** How many visits were decided in all. */
  decided: number;
  /** Null: there is no git, or it cannot be told. */
  project: ProjectState | null;
  /** When the current visit was handed out, unless this very call did it. */
  handed_out_at: string | null;
  /** The note that paused it, if this call ended the pause. */
  paused?: HistoryEntry;
  /** A person took it back to where it is, and nothing was done since. */
  taken_back?: HistoryEntry;
  position?: Position;
  /** A report that came along was about another step, or it is not the agent's turn; it was not used. */
  unused_report?: boolean;
  /** Notes of reports that came after their step's deadline. */
  late?: HistoryEntry[];
  /** The run that was asked for. */
  resumed: string;
  /** Somebody takes up the branch for the first time. */
  taken_up?: boolean;
  /** The runs above the one where the answer is, from the one that was asked for down; empty or absent if that is it. */
  above?: Above[];
  /** The branches of the run where the answer is, if it has any open. */
  branches?: BranchesDone;
}

/** A run of which the answer hands out a branch. */
export interface Above extends Pick<Recap, "recent" | "decided"> {
  instance: Instance;
  workflow: Workflow;
  branches: BranchesDone;
}

/** The branches of a visit, as a recap tells of them. */
export interface BranchesDone {
  step_name: string;
  /** The last ones that began, in their order. */
  last: (Pick<Branch, "number" | "item"> & { status: Status; error?: string })[];
  counts: BranchCounts;
}

/** The current step of an instance as an outcome; says at once if the agent is the one to decide. */
export function handedOut(
  { parts, workflow, current, trusted }: Pick<Call, "parts" | "workflow" | "current" | "trusted">,
  more: Partial<Outcome> = {},
): Outcome {
  const step = current.turn?.of === "agent" ? currentStep(workflow, current) : undefined;
  const kept = step !== undefined && current.pending?.asked === true;
  const ask = step && (kept || agentDecides(parts, step)) ? { ask: askFor(workflow, step) } : {};
  const checks = step ? checksOf(parts, step, { trusted, instance: current }) : [];
  const filler = step && fillerOf(parts, { instance: current, workflow, trusted }, null);
  const command = personCommand(parts, current);
  const person_command = command === null ? {} : { person_command: command };
  const did = kept ? "kept" : "handed_out";
  return { instance: current, workflow, trusted, checks, filler, did, ...person_command, ...ask, ...more };
}

/** The command by which a person lets the run go on; null if none is needed. */
export function personCommand(
  parts: Pick<Call["parts"], "commandLine">,
  { turn, instance_id }: Instance,
): string | null {
  if (turn?.of !== "person") return null;
  if (turn.kind === "approval") return parts.commandLine("approve", instance_id);
  return RELEASED.has(turn.kind) ? parts.commandLine("release", instance_id) : null;
}

/** The same outcome with what the checks showed, if there were any. */
export function withChecked(outcome: Outcome, evidence: Evidence | undefined): Outcome {
  return evidence && evidence.length > 0 ? { ...outcome, checked: evidence } : outcome;
}

/** The question that goes to the agent. */
export function askFor(workflow: Workflow, step: Step): Ask {
  return { guidance: step.guidance, ...candidatesAfter(workflow, step) };
}
