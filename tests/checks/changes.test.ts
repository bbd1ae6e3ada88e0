/** Changes as checks, in real git repositories. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckResult } from "../../src/check.ts";
import type { Baseline } from "../../src/check-kinds/looking.ts";
import { baselineOf, createTestChecker, expectGone, looking, oddSeconds } from "../support/checking.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";

const SHAPE = { "src/a.ts": "a", "src/b.ts": "b", "src/deep/c.ts": "c", "docs/d.md": "d", ".gitignore": "*.log\n" };

function git(cwd: string, ...args: string[]): void {
  const who = ["-c", "user.name=t", "-c", "user.email=t@t.test", "-c", "protocol.file.allow=always"];
  const { success, stderr } = Bun.spawnSync(["git", ...who, ...args], { cwd });
  if (!success) throw new Error(String(stderr));
}

function commitAll(cwd: string): void {
  git(cwd, "add", "--all");
  git(cwd, "commit", "--quiet", "--allow-empty", "--message", "work");
}

function repository(files: Record<string, string> = SHAPE, ...init: string[]): string {
  const dir = scratchDir();
  git(dir, "init", "--quiet", ...init);
  writeFiles(dir, files);
  commitAll(dir);
  return dir;
}

function look(project: string, glob: string, baseline: Baseline | null): Promise<CheckResult> {
  return createTestChecker().look({ kind: "changed", glob }, looking(project, { baseline }));
}

/** Whether the check passes after `act`. */
async function changedBy(project: string, act: () => void, glob = "src/**"): Promise<boolean> {
  const baseline = await baselineOf(project, [glob]);
  expect(baseline[glob]).toBeString();
  act();
  const result = await look(project, glob, baseline);
  if (result.outcome === "failed") {
    expect(result.reason).toStartWith(`in ${project}, git shows no change in ${glob} since the step was handed out (`);
  }
  return result.outcome === "passed";
}

const write = (path: string, text: string) => (dir: string) => writeFiles(dir, { [path]: text });
const touch = (dir: string) => utimesSync(join(dir, "src/a.ts"), 1, 1);

const ACTS: [name: string, changed: boolean, act: (dir: string) => void][] = [
  ["nothing", false, () => {}],
  ["an edit", true, write("src/a.ts", "A")],
  ["an edit far below", true, write("src/deep/c.ts", "C")],
  ["a new file", true, write("src/new.ts", "n")],
  ["a new file in a new folder", true, write("src/x/y/new.ts", "n")],
  ["an empty new file", true, write("src/new.ts", "")],
  ["a deleted file", true, (dir) => rmSync(join(dir, "src/a.ts"))],
  ["a file that git removed", true, (dir) => git(dir, "rm", "--quiet", "src/a.ts")],
  ["a renamed file", true, (dir) => renameSync(join(dir, "src/a.ts"), join(dir, "src/z.ts"))],
  ["a file that git renamed", true, (dir) => git(dir, "mv", "src/a.ts", "src/z.ts")],
  ["two files that changed places", true, (dir) => writeFiles(dir, { "src/a.ts": "b", "src/b.ts": "a" })],
  [
    "an edit that was committed",
    true,
    (dir) => {
      write("src/a.ts", "A")(dir);
      commitAll(dir);
    },
  ],
  ["an empty commit", false, commitAll],
  ["a touch", false, touch],
  [
    "an edit that was taken back",
    false,
    (dir) => {
      write("src/a.ts", "A")(dir);
      commitAll(dir);
      write("src/a.ts", "a")(dir);
    },
  ],
  ["an edit outside of the glob", false, write("docs/d.md", "D")],
  ["a new file outside of the glob", false, write("new.ts", "n")],
  ["an ignored file", false, write("src/new.log", "n")],
  ["a name with spaces, quotes and line ends", true, write('src/ "n"\n\\ü\r', "n")],
  ["a symbolic link", true, (dir) => symlinkSync("nowhere", join(dir, "src/link"))],
  ["a pipe", false, (dir) => void Bun.spawnSync(["mkfifo", join(dir, "src/pipe")])],
  [
    "a file that became a pipe",
    true,
    (dir) => {
      rmSync(join(dir, "src/a.ts"));
      Bun.spawnSync(["mkfifo", join(dir, "src/a.ts")]);
    },
  ],
  [
    "a file that became a folder",
    true,
    (dir) => {
      rmSync(join(dir, "src/a.ts"));
      mkdirSync(join(dir, "src/a.ts"));
    },
  ],
];

test.each(ACTS)("%s is a change: %p", async (_, changed, act) => {
  const dir = repository();
  expect(await changedBy(dir, () => act(dir))).toBe(changed);
});

test.each(["sha1", "sha256"])("what was new already is none when it is staged or committed (%s)", async (format) => {
  const dir = repository(SHAPE, `--object-format=${format}`);
  writeFiles(dir, { "src/a.ts": "A", "src/new.ts": "n", 'src/ "n"\n\\ü\r': "n", "src/empty": "" });
  symlinkSync("a.ts", join(dir, "src/link"));
  symlinkSync("gone", join(dir, "src/dangling"));
  rmSync(join(dir, "src/b.ts"));
  expect(await changedBy(dir, () => git(dir, "add", "--intent-to-add", "--all"))).toBe(false);
  expect(await changedBy(dir, () => git(dir, "add", "--all"))).toBe(false);
  expect(await changedBy(dir, () => commitAll(dir))).toBe(false);
});

test("a link is known by its target's name, not by what stands there", async () => {
  const dir = repository();
  symlinkSync("a.ts", join(dir, "src/link"));
  expect(await changedBy(dir, () => write("src/a.ts", "A")(dir), "src/link")).toBe(false);
  const relink = () => {
    rmSync(join(dir, "src/link"));
    symlinkSync("b.ts", join(dir, "src/link"));
  };
  expect(await changedBy(dir, relink, "src/link")).toBe(true);
});

test("line ends that git converts are no change", async () => {
  const dir = repository({ ...SHAPE, ".gitattributes": "*.ts text eol=crlf\n" });
  expect(await changedBy(dir, () => write("src/a.ts", "a\r\n")(dir))).toBe(true);
  commitAll(dir);
  expect(await changedBy(dir, () => touch(dir))).toBe(false);
});

test("files of a project that is a folder of the repository are found relative to it, and no others", async () => {
  const dir = repository({ "packages/a/src/a.ts": "a", "packages/b/src/b.ts": "b" });
  const project = join(dir, "packages/a");
  expect(await changedBy(project, () => write("packages/a/src/a.ts", "A")(dir))).toBe(true);
  expect(await changedBy(project, () => write("packages/b/src/b.ts", "B")(dir), "**")).toBe(false);
  expect(await changedBy(project, () => write("packages/b/src/b.ts", "C")(dir), "../b/**")).toBe(false);
});

test("a star stays within a folder, two cross them, and nothing else is special", async () => {
  const dir = repository();
  const edit = (text: string) => () => write("src/deep/c.ts", text)(dir);
  expect(await changedBy(dir, edit("1"), "src/*.ts")).toBe(false);
  expect(await changedBy(dir, edit("2"), "src/**/*.ts")).toBe(true);
  expect(await changedBy(dir, edit("3"), "**")).toBe(true);
  expect(await changedBy(dir, edit("4"), "src/deep/c.ts")).toBe(true);
  expect(await changedBy(dir, edit("5"), ":!docs")).toBe(false);
  expect(await changedBy(dir, edit("6"), "--others")).toBe(false);
});

test("a repository before its first commit will do", async () => {
  const dir = scratchDir();
  git(dir, "init", "--quiet");
  expect(await changedBy(dir, () => write("src/a.ts", "a")(dir))).toBe(true);
  expect(await changedBy(dir, () => commitAll(dir))).toBe(false);
});

test("a linked work tree is looked at for itself", async () => {
  const dir = repository();
  const linked = join(scratchDir(), "linked");
  git(dir, "worktree", "add", "--quiet", linked);
  expect(await changedBy(linked, () => write("src/a.ts", "A")(dir))).toBe(false);
  expect(await changedBy(linked, () => write("src/a.ts", "A")(linked))).toBe(true);
});

test("a repository inside the repository counts by its commit", async () => {
  const dir = repository();
  const inner = join(dir, "src/inner");
  mkdirSync(inner);
  git(inner, "init", "--quiet");
  expect(await changedBy(dir, () => write("src/a.ts", "A")(dir))).toBe(true);
  expect(await changedBy(dir, () => commitAll(inner))).toBe(true);
  expect(await changedBy(dir, () => git(dir, "-c", "advice.addEmbeddedRepo=false", "add", "--all"))).toBe(false);
  expect(await changedBy(dir, () => commitAll(inner))).toBe(true);
  expect(await changedBy(dir, () => commitAll(dir))).toBe(false);
});

test("a conflict is looked at as the file stands", async () => {
  const dir = repository();
  git(dir, "switch", "--quiet", "--create", "other");
  write("src/a.ts", "other")(dir);
  commitAll(dir);
  git(dir, "switch", "--quiet", "-");
  write("src/a.ts", "mine")(dir);
  commitAll(dir);
  expect(() => git(dir, "merge", "other")).toThrow();
  expect(await changedBy(dir, () => write("src/a.ts", "both")(dir))).toBe(true);
  expect(await changedBy(dir, () => commitAll(dir))).toBe(false);
});

test("if git cannot tell, the check fails and says what to do", async () => {
  const plain = scratchDir();
  writeFiles(plain, { "src/a.ts": "a" });
  const checker = createTestChecker();
  const unknown = await baselineOf(plain, ["src/**", "docs/**"], checker);
  expect(unknown).toEqual({ "src/**": null, "docs/**": null });
  for (const baseline of [unknown, null, {}]) {
    const { outcome, reason } = await look(plain, "src/**", baseline);
    expect({ outcome, reason }).toEqual({
      outcome: "failed",
      reason: "git could not tell what src/** was when the step was handed out: is the project a git repository?",
    });
  }
  const { reason } = await look(plain, "src/**", { "src/**": "before" });
  expect(reason).toBe('git cannot tell what src/** is now; see that "git status" works in the project');
  expect(await baselineOf(join(plain, "gone"), ["**"], checker)).toEqual({ "**": null });
  expect(await baselineOf(join(repository(), ".git"), ["**"], checker)).toEqual({ "**": null });
});

test("a machine without git cannot tell", async () => {
  const checker = createTestChecker({ environment: { PATH: scratchDir() } });
  expect(await baselineOf(repository(), ["**"], checker)).toEqual({ "**": null });
});

test("stopped, it says so", async () => {
  const dir = repository();
  const stop = new AbortController();
  const looked = createTestChecker().look(
    { kind: "changed", glob: "**" },
    looking(dir, { baseline: { "**": "before" }, signal: stop.signal }),
  );
  stop.abort();
  expect(await looked).toMatchObject({ outcome: "failed", reason: "stopped" });
});

test("no hook or monitor of the repository is run, and its index stays as it is", async () => {
  const dir = repository();
  const trap = join(dir, ".git/trap");
  writeFileSync(trap, `#!/bin/sh\ntouch ${dir}/ran\n`);
  chmodSync(trap, 0o755);
  git(dir, "config", "core.fsmonitor", trap);
  git(dir, "config", "core.hooksPath", join(dir, ".git/hooks"));
  writeFileSync(join(dir, ".git/hooks/post-index-change"), `#!/bin/sh\ntouch ${dir}/ran\n`, { mode: 0o755 });
  const index = () => Bun.file(join(dir, ".git/index")).lastModified;
  const before = index();
  expect(await changedBy(dir, () => touch(dir), "**")).toBe(false);
  expect(await Bun.file(join(dir, "ran")).exists()).toBe(false);
  expect(index()).toBe(before);
});

test.skipIf(process.platform !== "linux")("what a filter of the repository starts is ended with the look", async () => {
  const dir = repository({ "src/a.ts": "a", ".gitattributes": "* filter=busy\n" });
  const seconds = oddSeconds();
  git(dir, "config", "filter.busy.clean", `sh -c 'setsid sleep ${seconds} >&- 2>&- & cat'`);
  expect(await changedBy(dir, () => write("src/a.ts", "b")(dir))).toBe(true);
  await expectGone(`sleep ${seconds}`);
  expect((await baselineOf(dir, ["**"]))["**"]).toBeString();
  await expectGone(`sleep ${seconds}`);
});

test("ten thousand files take well under a second, committed or not", async () => {
  const files = Array.from({ length: 10_000 }, (_, n) => [`src/${n % 100}/file-${n}.ts`, `text ${n}`]);
  const dir = repository(Object.fromEntries(files));
  const checker = createTestChecker();
  const timed = async () => {
    const begun = performance.now();
    expect((await baselineOf(dir, ["src/**"], checker))["src/**"]).toBeString();
    return performance.now() - begun;
  };
  const clean = await timed();
  writeFiles(dir, Object.fromEntries(files.map(([path = ""], n) => [path, `other ${n}`])));
  const edited = await timed();
  git(dir, "rm", "-r", "--quiet", "--cached", ".");
  const untracked = await timed();
  for (const taken of [clean, edited, untracked]) expect(taken).toBeLessThan(3_000);
  if (process.env["SHOW_TIMES"]) process.stderr.write(`${[clean, edited, untracked].map(Math.round)}\n`);
}, 60_000);
