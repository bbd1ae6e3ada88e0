/**
 * The agent of the demo: for each step of REFACTOR_WITH_TESTS, by its name, the work done for real and the report of it.
 * Knows nothing but the step's name and the context that the server keeps; what comes next is the server's business.
 */
import { NEW_NAME, OLD_NAME, REPAIR } from "./scratch-project.ts";
import type { Workbench } from "./workbench.ts";

/** What a step ends with: the report without its `step_id`, and the context keys that the step names. */
export interface Done {
  status: "success" | "failure";
  details: string;
  updates: Record<string, unknown>;
}

export type Context = Record<string, unknown>;
type Work = (bench: Workbench, context: Context) => Promise<Done>;

const WORK: Record<string, Work> = {
  "Locate Function": locateFunction,
  "Apply Rename": applyRename,
  "Check for Old References": checkForOldReferences,
  "Attempt Auto Fix": attemptAutoFix,
  "Commit Changes": commitChanges,
  "Revert Changes": revertChanges,
};

/** The work of that step; undefined if the demo's agent does not know it. */
export function workOf(stepName: string): Work | undefined {
  return Object.hasOwn(WORK, stepName) ? WORK[stepName] : undefined;
}

async function locateFunction(bench: Workbench): Promise<Done> {
  const head = await bench.git(["rev-parse", "HEAD"], { quiet: true });
  const status = await bench.git(["status", "--porcelain"]);
  const uses = await bench.git(["grep", "-n", "-w", "-F", "-e", OLD_NAME]);
  const clashes = await bench.git(["grep", "-n", "-w", "-F", "-e", NEW_NAME], { quiet: true });
  const lines = linesOf(uses.stdout);
  const definition = lines.find((line) => line.includes(`function ${OLD_NAME}(`));
  if (!definition || status.stdout !== "" || clashes.exitCode === 0) {
    return failed(`not safe to begin: ${definition ? "the tree is not clean or the new name is taken" : "not found"}`);
  }
  const place = definition.split(":").slice(0, 2).join(":");
  return done(`defined at ${place}, ${lines.length} lines name it, ${NEW_NAME} is free, tree clean`, {
    project_path: bench.project,
    old_function_name: OLD_NAME,
    new_function_name: NEW_NAME,
    definition: place,
    base_commit: head.stdout.trim(),
  });
}

async function applyRename(bench: Workbench, context: Context): Promise<Done> {
  const from = text(context, "old_function_name");
  const to = text(context, "new_function_name");
  const files = linesOf((await bench.git(["grep", "-l", "-w", "-F", "-e", from], { quiet: true })).stdout);
  for (const file of files) await replaceWord(bench, file, { from, to });
  bench.screen.note(`replaced the whole word ${from} in ${files.length} files`);
  await bench.git(["diff", "--stat"]);
  return done(`renamed in ${files.join(", ")}`, { kept_references: [] });
}

/** Says more than it looked at, as agents do: nothing was run. */
async function checkForOldReferences(bench: Workbench, context: Context): Promise<Done> {
  const from = text(context, "old_function_name");
  const hits = linesOf((await bench.git(["grep", "-n", "-w", "-F", "--untracked", "-e", from])).stdout);
  return hits.length === 0
    ? done(`no line names ${from} any more; a rename breaks nothing, so all tests pass`, { leftovers: [] })
    : failed(`${hits.length} lines still name ${from}`, { leftovers: hits });
}

async function attemptAutoFix(bench: Workbench, context: Context): Promise<Done> {
  const cause = causeIn(await bench.read(text(context, "test_output_file")));
  const before = await bench.read(REPAIR.file);
  if (!cause.includes(REPAIR.file) || !before.includes(REPAIR.line)) {
    return failed(`no repair found for this failure: ${cause}`);
  }
  bench.screen.note(`read the output that the server kept: ${cause}`);
  await bench.write(
    REPAIR.file,
    before.replace(REPAIR.line, () => REPAIR.by),
  );
  bench.screen.note(`${REPAIR.file} puts the name together at run time ("format" + column); no search could find that`);
  const diff = await bench.git(["diff", "-U0", "--", REPAIR.file], { quiet: true });
  bench.screen.command(`git diff -U0 -- ${REPAIR.file}`, changedLines(diff.stdout));
  return done(`${REPAIR.file}: the column "Price" now leads to ${NEW_NAME}`, {
    fixes: [`${REPAIR.file}: the name put together at run time`],
  });
}

async function commitChanges(bench: Workbench, context: Context): Promise<Done> {
  const files = linesOf((await bench.git(["diff", "--name-only"], { quiet: true })).stdout);
  await bench.git(["add", "--", ...files], { quiet: true });
  const message = `Rename ${text(context, "old_function_name")} to ${text(context, "new_function_name")}`;
  const committed = await bench.git(["commit", "-m", message]);
  if (committed.exitCode !== 0) return failed("git refused the commit", { commit_refusal: committed.output });
  const hash = (await bench.git(["rev-parse", "HEAD"], { quiet: true })).stdout.trim();
  const left = await bench.git(["status", "--porcelain"]);
  return left.stdout === ""
    ? done(`committed ${files.length} files as ${hash.slice(0, 7)}, tree clean`, { commit_hash: hash })
    : failed("files are left that belong to no commit", { commit_refusal: left.stdout });
}

async function revertChanges(bench: Workbench, context: Context): Promise<Done> {
  await bench.git(["restore", `--source=${text(context, "base_commit")}`, "--staged", "--worktree", "--", "."]);
  const left = await bench.git(["status", "--porcelain"]);
  return left.stdout === "" ? done("everything is as it was") : failed("files are left over");
}

function done(details: string, updates: Record<string, unknown> = {}): Done {
  return { status: "success", details, updates };
}

function failed(details: string, updates: Record<string, unknown> = {}): Done {
  return { status: "failure", details, updates };
}

async function replaceWord(bench: Workbench, file: string, names: { from: string; to: string }): Promise<void> {
  const before = await bench.read(file);
  await bench.write(file, before.replace(new RegExp(`\\b${RegExp.escape(names.from)}\\b`, "g"), names.to));
}

function text(context: Context, key: string): string {
  const value = context[key];
  return typeof value === "string" ? value : "";
}

function linesOf(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

/** The first error of a test run and the source line that threw it. */
function causeIn(output: string): string {
  const error = output.match(/^\w*Error: .*?(?=\.? \(In |$)/m)?.[0] ?? "a test failed";
  const place = output.match(/^\s+at .*?(src\/[\w.-]+:\d+)/m)?.[1];
  return place ? `${error} at ${place}` : error;
}

function changedLines(diff: string): string[] {
  return linesOf(diff).filter((line) => /^[-+](?![-+])/.test(line));
}
