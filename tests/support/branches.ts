/** Workflows with branch steps, and the little that driving them needs. */

import type { Caller } from "./calls.ts";
import { advance } from "./calls.ts";
import type { Told } from "./client.ts";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./workspace.ts";

const AUDIT: Record<string, StepText> = {
  List: { extras: ["next: [Audit Modules]", "produces: {modules: array}"] },
  "Audit Modules": branchStep(["into: audits"], ["otherwise → Report"]),
  Report: { instructions: "Report {{ context.audits }}", routes: ["otherwise → FINISH"] },
};

const MODULE: Record<string, StepText> = {
  "Read Module": { instructions: "Read {{ context.module }}.", extras: ["next: [Judge Module]"] },
  "Judge Module": {
    extras: ["produces: {verdict: string}"],
    routes: ["`report.status == 'success'` → FINISH", "otherwise → FAIL"],
  },
};

/** The step "Audit Modules", with more of its front matter. */
export function branchStep(extras: string[] = [], routes = ["otherwise → Report"]): StepText {
  return { extras: ["uses: MODULE_AUDIT", "each: context.modules", "as: module", ...extras], routes };
}

/** A directory with AUDIT and MODULE_AUDIT, some steps of them otherwise. */
export function auditWorkflows(
  audit: Record<string, StepText> = {},
  module: Record<string, StepText> = {},
  extras: string[] = ["outputs: {verdict: string}"],
): string {
  const dir = scratchDir();
  writeFiles(dir, withoutInstructions(workflowFiles("AUDIT", { ...AUDIT, ...audit })));
  const steps = { ...MODULE, ...module };
  writeFiles(dir, withoutInstructions(workflowFiles("MODULE_AUDIT", steps, "Know a module.", extras)));
  return dir;
}

/** A branch step has no Client Instructions. */
function withoutInstructions(files: Record<string, string>): Record<string, string> {
  const bare = (text: string) => (/^uses:/m.test(text) ? text.replace(/# Client Instructions\n\nDo [^#]*/, "") : text);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, bare(text)]));
}

/** Reports the step that an answer handed out. */
export function report(on: Caller, told: Told, said: Parameters<typeof advance>[2] = {}): Promise<Told> {
  const { instance_id, next_step } = told.data;
  return advance(on, { id: instance_id, stepId: next_step.step_id }, said);
}

/** Does a branch from its first step to its end. */
export async function doBranch(on: Caller, first: Told, said: Parameters<typeof advance>[2] = {}): Promise<Told> {
  const judge = await report(on, first);
  return report(on, judge, { updates: { verdict: "good" }, ...said });
}
