/** What the engine is made of, handed in by the composition root, and the little that all its calls need of it. */
import type { Exhibits } from "../approval.ts";
import type { Patience } from "../attempt.ts";
import type { Checker } from "../check.ts";
import type { Attention, Decider } from "../decider.ts";
import type { Log } from "../log.ts";
import type { Notifier } from "../notice.ts";
import type { KeptOutputs } from "../overview.ts";
import type { ProjectProbe } from "../project.ts";
import type { Reckoner } from "../reckoner.ts";
import type { RunFiles } from "../run-files.ts";
import type { SchemaJudge } from "../schema.ts";
import type { Store } from "../store.ts";
import type { TemplateRenderer } from "../template.ts";
import type { Step, WorkflowSource } from "../workflow.ts";
import type { Attempts } from "./attempts.ts";
import type { Definitions } from "./definitions.ts";

export interface Parts {
  /** Opens the database at the first call. */
  store: () => Promise<Store>;
  source: WorkflowSource;
  /** Tried in order before the agent is asked. */
  deciders: Decider[];
  /** If one that asks outside cannot decide: go on to the agent, or refuse the call with AI_SERVICE_ERROR. */
  onModelFailure: "agent" | "error";
  probe: ProjectProbe;
  schemas: SchemaJudge;
  templates: TemplateRenderer;
  checker: Checker;
  /** Where agents put files of their runs. */
  files: RunFiles;
  /** What programs printed. */
  outputs: KeptOutputs;
  /** What branch steps say in expressions. */
  reckoner: Reckoner;
  /** What of a project a person is shown before they decide. */
  exhibits: Exhibits;
  attempts: Attempts;
  patience: Patience;
  definitions: Definitions;
  /** Tells a person that a run begins to wait for them; null: nobody is told. */
  notifier: Notifier | null;
  /** Whether there is any state yet: a process that nobody called makes none. */
  hasState: () => boolean;
  /** A command line of this executable about a run, in a shell: `wait`, `approve`… */
  commandLine: (command: string, instanceId: string) => string;
  /** The directory that new instances are about. */
  project: string;
  now: () => Date;
  newId: () => string;
  log: Log;
}

/** Who makes a call, as the history names it. */
export interface Caller extends Attention {
  actor: string;
  /** By `performance.now()`: when the answer has to be there, if that is another time than `patience` says. */
  until?: number;
}

/** The time as it is stored. */
export function stamp(parts: Parts): string {
  return parts.now().toISOString();
}

/** Whether the agent, and nobody before it, decides what follows the step, so that it can be told at once. */
export function agentDecides({ deciders }: Parts, step: Step): boolean {
  return step.routes.length === 0 && step.next?.length !== 1 && !deciders.some((decider) => decider.asksOutside);
}
