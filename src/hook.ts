/** What `orchestrator hook` knows of runs, for the moments at which a client lets it speak. Types alone: a hook loads little. */

/** The moments of a session. */
export const HOOK_EVENTS = ["session-start", "prompt", "before-edit", "stop", "after-compaction"] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** The clients whose forms it speaks. */
export const HOOK_CLIENTS = ["claude", "codex", "gemini", "copilot"] as const;
export type HookClient = (typeof HOOK_CLIENTS)[number];

/** Whose turn it is; what else a turn holds is not for hooks. */
export interface HookTurn {
  of: "agent" | "server" | "branches" | "clock" | "person";
  kind: string;
  /** The branches of a parent that are open at once; 0 if it waits for none. */
  max_parallel: number;
}

/** A live run, as far as hooks speak of it. */
export interface HookRun {
  instance_id: string;
  version: number;
  parent_id: string | null;
  workflow_name: string;
  definition: string;
  project: string;
  turn: HookTurn;
  step_name: string;
  visit: number;
  /** A report is kept: the agent was asked for the next step (`asked`), or the server still decides (`kept`). */
  pending: "asked" | "kept" | null;
  /** What a person does not demand of the visit. */
  waived: readonly string[];
  last_seq: number;
  created_at: string;
  last_report_at: string | null;
}

/** What was reported last. */
export interface LastReport {
  step_name: string;
  status: string;
  /** What it says first; empty for nothing. */
  said: string;
  ended_at: string;
}

/** A stop or an edit that was refused. */
export interface Held {
  kind: "stop" | "edit";
  client: HookClient;
  /** Of an edit: the file, by its path in the project. */
  path: string | null;
  held_at: string;
}

/** The database, as hooks use it: nothing waits longer than a few milliseconds, nothing is made. Each may throw. */
export interface HookRuns {
  /** The live roots of the project, the newest ones of each status. */
  live(project: string, most: number): HookRun[];
  /** The run, if it is live. */
  run(instanceId: string): HookRun | null;
  lastReport(run: HookRun): LastReport | null;
  /** Where the step may change files, by git's globs, none for nowhere; null if it may anywhere. */
  edits(run: HookRun): string[] | null;
  /** Whether the server looks at what was reported now. */
  isChecked(run: HookRun): boolean;
  /** Records it, if the run is still as it was read; false if it is not, or the visit's one stop was held already. */
  hold(run: HookRun, held: Held): boolean;
  close(): void;
}
