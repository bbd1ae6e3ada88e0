/** Definitions for the parser's tests: as short as they can be, in memory. */
import { memoryFiles } from "../../src/markdown/files.ts";
import type { ParseResult } from "../../src/markdown/parse-result.ts";
import { parseWorkflow } from "../../src/markdown/parse-workflow.ts";
import type { Problem, Workflow } from "../../src/workflow.ts";
import { JUDGES } from "../support/judges.ts";

export const STEP = "# Orchestrator Guidance\nGo on.\n# Client Instructions\nDo it.\n";

/** A step whose last section is `# Routes`, at line 5; its first item stands in line 6. */
export function routedStep(...items: string[]): string {
  return `${STEP}# Routes\n${items.join("\n")}\n`;
}

/** Parses the workflow `W`; paths are relative to the definitions directory. */
export function parse(files: Record<string, string>): ParseResult {
  return parseWorkflow("W", memoryFiles(files), JUDGES);
}

/** Parses `W/index.md` with the files beside it, all of which hold STEP unless given. */
export function parseIndexWith(index: string, files: Record<string, string> = {}): ParseResult {
  const defaults = { "W/a.md": STEP, "W/b.md": STEP, "W/steps/c d.md": STEP, "SHARED/s.md": STEP };
  return parse({ ...defaults, ...files, "W/index.md": index });
}

export function workflowOf(result: ParseResult): Workflow {
  if (!result.ok) throw new Error(`The definition has problems: ${JSON.stringify(result.problems, null, 1)}`);
  return result.workflow;
}

export function problemsOf(result: ParseResult): Problem[] {
  return result.ok ? [] : result.problems;
}

/** The problems as `CODE file:line`. */
export function placesOf(result: ParseResult): string[] {
  return problemsOf(result).map(({ code, file, line }) => `${code} ${file}:${line}`);
}
