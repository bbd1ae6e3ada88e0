/** Directories that were meant as workflows, or hold Markdown that no workflow uses: without a word they would be invisible. */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { Problem } from "../workflow.ts";
import { isMarkdown } from "./files.ts";

/** Most entries of all these directories that are looked at. */
const MAX_ENTRIES = 1000;

export interface StrayDirectory {
  problem: Problem;
  /** The latest change of what was looked at, in milliseconds since 1970. */
  changedMs: number;
}

/** Those among the names whose directory has Markdown and no file that a workflow links or includes. */
export function findStrays(
  root: string,
  names: readonly string[],
  isUsed: (path: string) => boolean,
): Map<string, StrayDirectory> {
  const strays = new Map<string, StrayDirectory>();
  let left = MAX_ENTRIES;
  for (const name of names) {
    if (lstatSync(join(root, name), { throwIfNoEntry: false })?.isSymbolicLink()) continue; // it may lead anywhere
    const found = listAll(root, name, left);
    left -= found.entries;
    const markdown = found.files.filter(isMarkdownLike).sort(byDepth);
    const meant = markdown.find((path) => isMeantAsIndex(posix.basename(path)) && posix.dirname(path) === name);
    const isShared = markdown.some(isUsed);
    if (markdown.length === 0 || (isShared && (!meant || isUsed(meant)))) continue;
    strays.set(name, { problem: problemOf(root, name, markdown, meant), changedMs: found.changedMs });
  }
  return strays;
}

/** What is wrong with an index.md right in the definitions directory, under which no workflow is; undefined without one. */
export function misplacedIndex(root: string): Problem | undefined {
  if (!isFile(join(root, "index.md"))) return undefined;
  const message =
    '"index.md" stands right in the definitions directory and is not read: a workflow is a directory in it';
  return { code: "INDEX_MISPLACED", file: "index.md", line: 1, message, hint: ONE_TOO_DEEP };
}

const ONE_TOO_DEEP =
  "Name the directory above as the definitions directory, or move index.md and its steps into one of their own";

/** `INDEX.md`, `Index.markdown`, `SKILL.md`… */
function isMeantAsIndex(base: string): boolean {
  return /^(?:index|skill)\.(?:md|mdx|markdown)$/i.test(base);
}

function isMarkdownLike(path: string): boolean {
  return isMarkdown(path) || isMeantAsIndex(posix.basename(path));
}

function problemOf(root: string, name: string, markdown: readonly string[], meant: string | undefined): Problem {
  const [first = name] = markdown;
  const inner = markdown.find((path) => posix.basename(path) === "index.md");
  const problem = (file: string, message: string, hint: string): Problem => ({
    code: "INDEX_MISSING",
    file,
    line: 1,
    message,
    hint,
  });
  if (meant && /^skill/i.test(posix.basename(meant)))
    return problem(
      meant,
      `"${name}" holds a skill and no index.md, so it is no workflow`,
      `Add "${name}/index.md" with a list of steps, which may include it: {{file:${posix.basename(meant)}}}`,
    );
  if (meant)
    return problem(
      meant,
      `"${meant}" is not read: a workflow begins with "index.md"`,
      `Rename it to "${name}/index.md"`,
    );
  if (inner)
    return problem(
      inner,
      `"${posix.dirname(inner)}" is not listed: a workflow is a directory right below the definitions directory`,
      `Move "${posix.dirname(inner)}" up, out of "${name}"`,
    );
  if (isFile(join(root, "index.md")))
    return problem(
      first,
      `"${name}" is no workflow, and "index.md" beside it is not read: a workflow is a directory`,
      ONE_TOO_DEEP,
    );
  return problem(
    first,
    `"${name}" has no index.md, and no workflow links or includes its Markdown`,
    `Add "${name}/index.md" with a list of steps, or move the directory out of the definitions`,
  );
}

function listAll(root: string, name: string, most: number): { files: string[]; entries: number; changedMs: number } {
  const files: string[] = [];
  let entries = 0;
  let changedMs = 0;
  const pending = [name];
  for (let next = pending.shift(); next !== undefined && entries < most; next = pending.shift()) {
    changedMs = Math.max(changedMs, changeOf(join(root, next)));
    for (const entry of entriesOf(join(root, next)).slice(0, most - entries)) {
      entries++;
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const path = posix.join(next, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (isMarkdownLike(path)) files.push(path);
    }
  }
  for (const path of files) changedMs = Math.max(changedMs, changeOf(join(root, path)));
  return { files, entries, changedMs };
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

function changeOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function byDepth(left: string, right: string): number {
  return left.split("/").length - right.split("/").length || (left < right ? -1 : 1);
}
