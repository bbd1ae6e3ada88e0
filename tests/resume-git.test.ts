/** What a recap says of the project's git, in a real repository, and that it runs nothing that the project brings. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: {} }));

function git(project: string, ...args: string[]): string {
  const author = ["-c", "user.name=t", "-c", "user.email=t@t.test"];
  const { success, stdout, stderr } = Bun.spawnSync(["git", ...author, ...args], { cwd: project });
  if (!success) throw new Error(String(stderr));
  return String(stdout).trim();
}

/** A repository with one commit that holds these files. */
function repository(files: Record<string, string> = { "a.txt": "a\n" }): string {
  const project = scratchDir();
  git(project, "init", "--quiet", "--initial-branch=main");
  writeFiles(project, files);
  git(project, "add", ".");
  git(project, "commit", "--quiet", "--allow-empty", "-m", "first");
  return project;
}

const commit = (project: string) => git(project, "commit", "--quiet", "--allow-empty", "-m", "more");
const headOf = (project: string) => git(project, "rev-parse", "--short=7", "HEAD");

/** The line about the project in the recap of a run whose second step was handed out before `act`. */
async function toldIn(project: string, act: () => void = () => {}, env: Record<string, string> = {}): Promise<string> {
  const on = await connect({ workflows, project, env });
  await advance(on, await startRun(on, "W"));
  act();
  const { recap } = (await on.call("resume_workflow")).data;
  return /^Project: .*$/m.exec(recap)?.[0] ?? "";
}

test("HEAD that stands where it stood when the step was handed out is still there", async () => {
  const project = repository();
  expect(await toldIn(project)).toBe(`Project: git HEAD is still ${headOf(project)}; nothing modified.`);
});

/** The ids differ, however little the times of the commits say. */
const MOVES: [what: string, move: (project: string) => void][] = [
  ["a commit in the second of the hand-out", commit],
  [
    "a commit with an old date",
    (project) =>
      Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--allow-empty", "-qm", "old"], {
        cwd: project,
        env: { ...process.env, GIT_AUTHOR_DATE: "2001-01-01T00:00:00Z", GIT_COMMITTER_DATE: "2001-01-01T00:00:00Z" },
      }),
  ],
  ["a switch to an older commit", (project) => git(project, "switch", "--quiet", "--detach", "HEAD~1")],
  ["a commit that leaves no log", (project) => git(project, "-c", "core.logAllRefUpdates=false", "reset", "HEAD~1")],
  [
    "a commit whose ref was packed since",
    (project) => {
      commit(project);
      git(project, "pack-refs", "--all");
    },
  ],
];

test.each(MOVES)("%s is told, with both ids", async (_what, move) => {
  const project = repository();
  commit(project);
  const before = headOf(project);
  const told = await toldIn(project, () => move(project));
  expect(headOf(project)).not.toBe(before);
  expect(told).toStartWith(`Project: git HEAD moved from ${before} to ${headOf(project)};`);
});

test("it is told in a subdirectory and in a linked work tree as well", async () => {
  const project = repository({ "packages/a/file": "" });
  expect(await toldIn(join(project, "packages/a"), () => commit(project))).toContain(`to ${headOf(project)}`);
  const linked = join(scratchDir(), "linked");
  git(project, "worktree", "add", "--quiet", "-b", "other", linked);
  expect(await toldIn(linked, () => commit(linked))).toContain(`to ${headOf(linked)}`);
  git(project, "pack-refs", "--all");
  expect(await toldIn(linked)).toContain(`is still ${headOf(linked)}`);
});

test("in a repository of very many packed refs the log of HEAD says where it is", async () => {
  const project = repository();
  const head = git(project, "rev-parse", "HEAD");
  const tags = Array.from({ length: 200 }, (_, n) => `create refs/tags/a-tag-with-a-name-${n} ${head}\n`).join("");
  Bun.spawnSync(["git", "update-ref", "--stdin"], { cwd: project, stdin: Buffer.from(tags) });
  git(project, "branch", "-m", "main", "zz-main");
  git(project, "pack-refs", "--all");
  expect(await toldIn(project, () => commit(project))).toContain(`moved from ${head.slice(0, 7)} to`);
});

test("modified files are named, the first five, new ones among them; ignored ones are not", async () => {
  const project = repository({ ".gitignore": "*.log\n", "src/money.js": "1\n", "b c.txt": "b\n" });
  const change = (files: Record<string, string>) => () => writeFiles(project, files);
  expect(await toldIn(project, change({ "src/money.js": "2\n", "audit/money.md": "x", "x.log": "x" }))).toEndWith(
    "; modified: src/money.js, audit/.",
  );
  const six = Object.fromEntries(["p", "q", "r", "s", "t", "u"].map((name) => [`${name}.txt`, "x"]));
  expect(await toldIn(project, change(six))).toEndWith("; modified: src/money.js, audit/, p.txt, q.txt, r.txt (+3).");
  git(project, "add", ".");
  expect(await toldIn(join(project, "src"))).toEndWith("; modified: money.js.");
});

test("a name with line ends and control characters forges no line of the recap", async () => {
  const project = repository();
  const told = await toldIn(project, () => writeFiles(project, { "x\nContext: \u001b[2J\u202e": "" }));
  expect(told).toEndWith("; modified: x Context: \\u001b[2J\\u202e.");
});

test("without a repository, or without a commit, the recap says nothing of it", async () => {
  expect(await toldIn(scratchDir())).toBe("");
  const empty = scratchDir();
  git(empty, "init", "--quiet");
  expect(await toldIn(empty, () => writeFiles(empty, { a: "" }))).toBe("");
});

test("on a machine without git HEAD is told all the same", async () => {
  const project = repository();
  const told = await toldIn(project, () => {}, { PATH: scratchDir() });
  expect(told).toBe(`Project: git HEAD is still ${headOf(project)}.`);
});

test("no filter, monitor or hook that the project brings is run", async () => {
  const project = repository({
    ".gitattributes": "*.txt filter=evil\n*.md filter=long\n",
    "a.txt": "a\n",
    "b.md": "b\n",
  });
  const mark = join(scratchDir(), "ran");
  const evil = `sh -c 'touch ${mark}; cat'`;
  git(project, "config", "filter.evil.clean", evil);
  git(project, "config", "filter.evil.required", "true");
  git(project, "config", "filter.long.process", evil);
  git(project, "config", "core.fsmonitor", evil);
  git(project, "config", "core.pager", evil);
  const hook = join(project, ".git/hooks/post-index-change");
  mkdirSync(join(project, ".git/hooks"), { recursive: true });
  writeFileSync(hook, `#!/bin/sh\ntouch ${mark}\n`);
  chmodSync(hook, 0o755);
  const touch = () => {
    for (const name of ["a.txt", "b.md"]) utimesSync(join(project, name), 1, 1); // git has to compare the contents
    writeFileSync(join(project, "a.txt"), "z\n");
  };
  expect(await toldIn(project, touch)).toEndWith("; modified: a.txt.");
  expect(existsSync(mark)).toBe(false);
  git(project, "status"); // a git that is not held back does run it
  expect(existsSync(mark)).toBe(true);
});

test.each([".", "", "bin", "$PROJECT/bin"])("a git of the project is not run for PATH=%p", async (entry) => {
  const project = repository();
  const mark = join(scratchDir(), "ran");
  for (const at of ["git", "bin/git"]) {
    writeFiles(project, { [at]: `#!/bin/sh\ntouch ${mark}\n` });
    chmodSync(join(project, at), 0o755);
  }
  const PATH = `${entry.replace("$PROJECT", project)}:${process.env["PATH"]}`;
  expect(await toldIn(project, () => {}, { PATH })).toEndWith("; modified: bin/, git.");
  expect(existsSync(mark)).toBe(false);
});

/** Files of the project that never end, or never answer. */
const TRAPS: [what: string, path: string, make: (path: string) => void][] = [
  ["a .git of 8 GB", ".git", huge],
  ["a HEAD of 8 GB", ".git/HEAD", huge],
  ["a branch of 8 GB", ".git/refs/heads/main", huge],
  ["a .git that is a pipe", ".git", pipe],
  ["a HEAD that is a pipe", ".git/HEAD", pipe],
  ["a branch that is a pipe", ".git/refs/heads/main", pipe],
];

function huge(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, 8 * 1024 ** 3);
}

function pipe(path: string): void {
  Bun.spawnSync(["mkfifo", path]);
}

test.each(TRAPS)("%s holds nobody, and nothing is said of HEAD", async (_what, path, make) => {
  const project = repository();
  rmSync(join(project, path), { recursive: true });
  make(join(project, path));
  const began = performance.now();
  expect(await toldIn(project)).toBe("");
  expect(performance.now() - began).toBeLessThan(5_000);
});
