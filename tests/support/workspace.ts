/** Scratch directories and small workflows for tests. */
import { afterAll } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const made: string[] = [];

afterAll(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** An empty directory that is removed after the test file. */
export function scratchDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "orchestrator-test-")));
  made.push(dir);
  return dir;
}

/** Writes files by relative path below `dir`. */
export function writeFiles(dir: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const full = join(dir, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

export interface StepText {
  guidance?: string;
  instructions?: string;
  /** Lines of its `# Routes` section. */
  routes?: string[];
  /** Lines of its front matter. */
  extras?: string[];
}

/** The files of a workflow with these steps, in order. */
export function workflowFiles(
  name: string,
  steps: Record<string, StepText>,
  goal = "Get it done.",
  extras: string[] = [],
): Record<string, string> {
  const names = Object.keys(steps);
  const list = names.map((step, index) => `${index + 1}. [${step}](steps/${fileOf(step)})`).join("\n");
  const files: Record<string, string> = {
    [`${name}/index.md`]: `${frontMatter(extras)}# ${name}\n\n## Goal\n\n${goal}\n\n## Steps\n\n${list}\n`,
  };
  for (const [step, text] of Object.entries(steps)) files[`${name}/steps/${fileOf(step)}`] = stepText(step, text);
  return files;
}

function stepText(name: string, { guidance, instructions, routes, extras = [] }: StepText): string {
  const sections = [
    `# Orchestrator Guidance\n\n${guidance ?? "Go on with the following step."}`,
    `# Client Instructions\n\n${instructions ?? `Do ${name}.`}`,
    routes && `# Routes\n\n${routes.map((route) => `- ${route}`).join("\n")}`,
  ];
  return `${frontMatter(extras)}${sections.filter(Boolean).join("\n\n")}\n`;
}

function frontMatter(lines: string[]): string {
  return lines.length > 0 ? `---\n${lines.join("\n")}\n---\n\n` : "";
}

function fileOf(step: string): string {
  return `${step.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.md`;
}
