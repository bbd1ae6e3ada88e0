/** What a person is shown of a project's changes: real repositories, and every way to hide a change from the look. */
import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Exhibit, MAX_DIFF_BYTES } from "../src/approval.ts";
import { createRunChanges } from "../src/git/run-changes.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const HOME = scratchDir();
const homes = scratchDir();

interface Given {
  environment?: Record<string, string>;
  database?: string;
  timeLimitMs?: number;
}

function changesOf(project: string, { environment = {}, database = "/none.db", ...more }: Given = {}) {
  const run = { instance_id: `run_${crypto.randomUUID()}`, project };
  const place = join(homes, run.instance_id);
  const parts = createRunChanges({
    environment: { PATH: process.env["PATH"] ?? "", HOME, ...environment },
    home: async () => {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      return place;
    },
    database: () => database,
    ...more,
  });
  return {
    place,
    begin: () => parts.begin(run),
    look: () => parts.changes(run),
    between: (before: Exhibit, now: Exhibit) => parts.between(run, before.digest ?? "", now.digest ?? ""),
  };
}

function git(project: string, ...args: string[]): string {
  const set = ["-c", "user.name=t", "-c", "user.email=t@t.test", "-c", "protocol.file.allow=always", "-c", "gc.auto=0"];
  const { success, stdout, stderr } = Bun.spawnSync(["git", ...set, ...args], { cwd: project });
  if (!success) throw new Error(String(stderr));
  return String(stdout).trim();
}

function commitAll(project: string): void {
  git(project, "add", "--all");
  git(project, "commit", "--quiet", "--allow-empty", "-m", "all");
}

const FILES = { "a.txt": "one\ntwo\nthree\n", "src/b.txt": "b\n", "crlf.txt": "x\r\n", ".gitignore": "*.log\n/out/\n" };

function repository(files: Record<string, string> = {}, ...init: string[]): string {
  const project = scratchDir();
  git(project, "init", "--quiet", "--initial-branch=main", ...init);
  git(project, "config", "gc.auto", "0");
  writeFiles(project, { ...FILES, ...files });
  commitAll(project);
  return project;
}

const write = (project: string, path: string, text: string | Buffer) => {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
};

/** A program that leaves a mark when it runs, and says what it is told to say. */
function marker(says = "cat"): { command: string; ran: () => boolean } {
  const mark = join(scratchDir(), "ran");
  const path = join(scratchDir(), "program");
  writeFileSync(path, `#!/bin/sh\ntouch ${mark}\n${says}\n`, { mode: 0o755 });
  return { command: path, ran: () => existsSync(mark) };
}

/** All files of a directory, with their bytes and times. */
function stateOf(directory: string): string {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return names
    .map((name) => {
      const found = statSync(join(directory, name));
      const bytes = found.isFile() ? Bun.hash(readFileSync(join(directory, name))) : "";
      return `${name} ${found.mtimeMs} ${found.ctimeMs} ${bytes}`;
    })
    .join("\n");
}

/** Names of the files that the text has a part for. */
function filesIn({ text = "" }: Exhibit): string[] {
  return [...text.matchAll(/^diff --git (.*)$/gm)].map(([, names]) => {
    const each = /^("?)a\/(.*)\1 ("?)b\/(.*)\3$/.exec(names ?? "");
    return each?.[2] === each?.[4] ? (each?.[4] ?? "") : `${each?.[2]} -> ${each?.[4]}`;
  });
}

interface Case {
  files?: Record<string, string>;
  before?: (project: string) => void;
  change: (project: string) => void;
  shows: string[];
  /** Lines that the text has. */
  lines?: string[];
}

const CASES: Record<string, Case> = {
  "an edit": { change: (at) => write(at, "a.txt", "one\n2\nthree\n"), shows: ["a.txt"], lines: ["-two", "+2"] },
  "nothing, if nothing is edited": { change: (at) => utimesSync(join(at, "a.txt"), 1, 1), shows: [] },
  "nothing of what was there before the run": {
    before: (at) => writeFiles(at, { "a.txt": "mine\n", "new.txt": "new\n" }),
    change: () => {},
    shows: [],
  },
  "an edit of what was new before the run, against what it was": {
    before: (at) => write(at, "new.txt", "was\n"),
    change: (at) => write(at, "new.txt", "is\n"),
    shows: ["new.txt"],
    lines: ["-was", "+is"],
  },
  "a new file": { change: (at) => write(at, "d/new.txt", "new\n"), shows: ["d/new.txt"], lines: ["+new"] },
  "a file that is gone": {
    change: (at) => rmSync(join(at, "a.txt")),
    shows: ["a.txt"],
    lines: ["deleted file mode 100644", "-two"],
  },
  "a file with another name": {
    change: (at) => renameSync(join(at, "a.txt"), join(at, "z.txt")),
    shows: ["a.txt -> z.txt"],
    lines: ["rename from a.txt", "rename to z.txt"],
  },
  "a file that may be run": {
    change: (at) => chmodSync(join(at, "a.txt"), 0o755),
    shows: ["a.txt"],
    lines: ["old mode 100644", "new mode 100755"],
  },
  "what is staged, committed, on another branch": {
    change: (at) => {
      write(at, "a.txt", "staged\n");
      git(at, "add", "a.txt");
      write(at, "src/b.txt", "committed\n");
      git(at, "checkout", "--quiet", "-b", "other");
      commitAll(at);
    },
    shows: ["a.txt", "src/b.txt"],
  },
  "a binary file by its name alone": {
    change: (at) => write(at, "b.bin", Buffer.from([1, 0, 2, 255])),
    shows: ["b.bin"],
    lines: ["Binary files /dev/null and b/b.bin differ"],
  },
  "a link as a link": {
    change: (at) => symlinkSync("/etc/passwd", join(at, "link")),
    shows: ["link"],
    lines: ["new file mode 120000", "+/etc/passwd"],
  },
  "a directory that became a link to elsewhere, without what is there": {
    change: (at) => {
      const elsewhere = scratchDir();
      writeFiles(elsewhere, { "b.txt": "secret\n" });
      rmSync(join(at, "src"), { recursive: true });
      symlinkSync(elsewhere, join(at, "src"));
    },
    shows: ["src", "src/b.txt"],
    lines: ["deleted file mode 100644", "-b"],
  },
  "nothing of what an ignored link leads to": {
    change: (at) => {
      const elsewhere = scratchDir();
      writeFiles(elsewhere, { "b.txt": "secret\n" });
      rmSync(join(at, "src"), { recursive: true });
      symlinkSync(elsewhere, join(at, "src"));
      write(at, ".gitignore", "*.log\n/out/\n/src\n");
    },
    shows: [".gitignore", "src/b.txt"],
    lines: ["deleted file mode 100644", "-b"],
  },
  "no ignored file": { change: (at) => writeFiles(at, { "x.log": "1\n", "out/y": "1\n" }), shows: [] },
  "an ignored file that is tracked": {
    before: (at) => {
      write(at, "kept.log", "1\n");
      git(at, "add", "--force", "kept.log");
    },
    change: (at) => write(at, "kept.log", "2\n"),
    shows: ["kept.log"],
  },
  "a file that became ignored, with the edit that ignores it": {
    change: (at) => {
      write(at, ".gitignore", "*.log\n/out/\n*.txt\n");
      write(at, "a.txt", "hidden?\n");
      git(at, "rm", "--quiet", "--cached", "a.txt");
    },
    shows: [".gitignore", "a.txt"],
    lines: ["-two", "+hidden?"],
  },
  "a file of patterns that ignores itself": {
    change: (at) =>
      writeFiles(at, { "evil/.gitignore": "*\n", "evil/x": "x\n", "p/.gitignore": "/.gitignore\n/s\n", "p/s": "s" }),
    shows: ["evil/.gitignore", "p/.gitignore"],
  },
  "what .git/info/exclude and core.excludesFile hide since the run began": {
    change: (at) => {
      write(at, ".git/info/exclude", "evil*\n");
      write(at, ".git/more", "worse*\n");
      git(at, "config", "core.excludesFile", join(at, ".git/more"));
      writeFiles(at, { evil: "1\n", worse: "2\n" });
    },
    shows: ["evil", "worse"],
  },
  "nothing of what .git/info/exclude and core.excludesFile named before": {
    before: (at) => {
      write(at, ".git/info/exclude", "mine*\n");
      write(at, ".git/more", "also*\n");
      git(at, "config", "core.excludesFile", join(at, ".git/more"));
    },
    change: (at) => writeFiles(at, { mine: "1\n", also: "2\n" }),
    shows: [],
  },
  "what assume-unchanged and skip-worktree say is unchanged": {
    change: (at) => {
      git(at, "update-index", "--assume-unchanged", "a.txt");
      git(at, "update-index", "--skip-worktree", "src/b.txt");
      writeFiles(at, { "a.txt": "1\n", "src/b.txt": "2\n" });
    },
    shows: ["a.txt", "src/b.txt"],
  },
  "what attributes call binary, or the same but for line ends": {
    change: (at) => {
      write(at, ".git/info/attributes", "a.txt -diff\n*.txt text eol=lf\n");
      git(at, "config", "core.autocrlf", "input");
      writeFiles(at, { ".gitattributes": "*.txt binary\n", "a.txt": "seen\n", "crlf.txt": "x\n" });
    },
    shows: [".gitattributes", "a.txt", "crlf.txt"],
    lines: ["+seen", "-x\r", "+x"],
  },
  "a file of the same size and time": {
    change: (at) => {
      const path = join(at, "a.txt");
      const like = join(scratchDir(), "like");
      Bun.spawnSync(["touch", "-r", path, like]);
      writeFileSync(path, "one\nTWO\nthree\n");
      Bun.spawnSync(["touch", "-r", like, path]);
    },
    shows: ["a.txt"],
    lines: ["+TWO"],
  },
  "what the index was made to say by a filter": {
    change: (at) => {
      write(at, "a.txt", "hidden\n");
      git(at, "config", "filter.x.clean", "git cat-file blob HEAD:%f");
      write(at, ".git/info/attributes", "a.txt filter=x\n");
      git(at, "add", "a.txt");
      rmSync(join(at, ".git/info/attributes"));
    },
    shows: ["a.txt"],
    lines: ["+hidden"],
  },
  "a repository inside, file by file": {
    change: (at) => {
      git(at, "init", "--quiet", "inner");
      writeFiles(at, { "inner/x.txt": "x\n", "inner/deep/y.txt": "y\n" });
      git(at, "init", "--quiet", "inner/deep/again");
      write(at, "inner/deep/again/z.txt", "z\n");
    },
    shows: ["inner/deep/again/z.txt", "inner/deep/y.txt", "inner/x.txt"],
  },
  "an uncommitted edit in a submodule": {
    before: (at) => {
      git(at, "submodule", "--quiet", "add", repository(), "sub");
      commitAll(at);
    },
    change: (at) => write(at, "sub/a.txt", "inside\n"),
    shows: ["sub/a.txt"],
    lines: ["-one", "+inside"],
  },
  "files with odd names": {
    change: (at) =>
      writeFiles(at, { "--": "1\n", "-x y": "1\n", "line\nend": "1\n", 'quo"te': "1\n", é: "1\n", "git~1": "1\n" }),
    shows: ["--", "-x y", "git~1", "line\\nend", 'quo\\"te', "é"],
  },
  "files with names that git does not keep": {
    before: (at) => write(at, ".Git/was", "1\n"),
    change: (at) => writeFiles(at, { ".GIT/x": "x\n", "d/.giT": "y\n", ".Git/was": "2\n" }),
    shows: [".GIT (no repository)/x", ".Git (no repository)/was", "d/.giT (no repository)"],
    lines: ["+x", "+y", "-1", "+2"],
  },
  "a file that is named in no alphabet": {
    change: (at) => writeFileSync(Buffer.concat([Buffer.from(`${at}/b`), Buffer.from([0xff])]), "1\n"),
    shows: ["b\uFFFD"],
  },
  "no pipe, without waiting for it": {
    change: (at) => {
      rmSync(join(at, "a.txt"));
      Bun.spawnSync(["mkfifo", join(at, "a.txt"), join(at, "pipe")]);
    },
    shows: ["a.txt"],
    lines: ["deleted file mode 100644"],
  },
  "a huge file by its size and time": {
    before: (at) => writeFiles(at, { huge: "" }),
    change: (at) => truncateSync(join(at, "huge"), 3_000_000_000),
    shows: ["huge"],
  },
};

describe("shows", () => {
  for (const [name, { files, before, change, shows, lines = [] }] of Object.entries(CASES)) {
    test(name, async () => {
      const project = repository(files);
      before?.(project);
      const run = changesOf(project);
      await run.begin();
      const first = await run.look();
      expect(first).toEqual({ what: "changes", digest: expect.stringMatching(/^([0-9a-f]{40})\.\.\1$/) });
      change(project);
      const now = await run.look();
      expect(now.fault).toBeUndefined();
      expect(filesIn(now).sort()).toEqual(shows);
      for (const line of lines) expect((now.text ?? "").split("\n")).toContain(line);
      expect(now.digest === first.digest).toBe(shows.length === 0);
      expect((await run.look()).digest).toBe(now.digest);
      expect((now.stat ?? "").includes("changed, ")).toBe(shows.length > 0);
    });
  }
});

test("nothing that the project or its settings name is started, and nothing of its repository is written", async () => {
  const program = marker();
  const project = repository({ "f.txt": "f\n", ".gitattributes": "*.txt filter=x diff=x merge=x\n" });
  for (const key of ["filter.x.clean", "filter.x.smudge", "filter.x.process", "core.fsmonitor", "diff.external"]) {
    git(project, "config", key, program.command);
  }
  for (const key of ["diff.x.textconv", "diff.x.command", "core.pager", "core.sshCommand", "core.editor"]) {
    git(project, "config", key, program.command);
  }
  mkdirSync(join(project, ".git/hooks"), { recursive: true });
  for (const hook of ["post-index-change", "pre-commit", "fsmonitor-watchman", "reference-transaction"]) {
    writeFileSync(join(project, ".git/hooks", hook), readFileSync(program.command), { mode: 0o755 });
  }
  const before = stateOf(join(project, ".git"));
  const run = changesOf(project);
  await run.begin();
  writeFiles(project, { "f.txt": "other\n", "new.txt": "new\n" });
  const now = await run.look();
  expect(filesIn(now)).toEqual(["f.txt", "new.txt"]);
  expect((await changesOf(project).look()).fault).toStartWith("it is not known what the run found");
  expect([program.ran(), stateOf(join(project, ".git"))]).toEqual([false, before]);
});

test("a git that the project brings is not started, and settings of the user change nothing", async () => {
  const program = marker("exit 1");
  const project = repository();
  write(project, "bin/git", readFileSync(program.command));
  chmodSync(join(project, "bin/git"), 0o755);
  const home = scratchDir();
  write(
    home,
    ".gitconfig",
    `[core]\n\tattributesFile = ${home}/attributes\n\tquotePath = true\n[diff]\n\tnoprefix = true\n`,
  );
  writeFiles(home, { attributes: "* -diff\n", binary: "*.md -diff\n" });
  write(home, ".config/git/ignore", ".mine/\n");
  const PATH = `${project}/bin:${process.env["PATH"]}`;
  const set = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.attributesFile", GIT_CONFIG_VALUE_0: `${home}/binary` };
  const run = changesOf(project, { environment: { PATH, HOME: home, GIT_EXTERNAL_DIFF: program.command, ...set } });
  await run.begin();
  writeFiles(project, { "é.txt": "e\n", "e.md": "m\n", ".mine/x": "x\n" });
  const now = await run.look();
  expect(filesIn(now)).toEqual(["e.md", "é.txt"]);
  expect(now.text).toMatch(/\n\+m\n.*\n\+e\n/s);
  expect(program.ran()).toBe(false);
});

test("a commit that changes no file changes nothing, and between names the files that differ", async () => {
  const project = repository();
  const run = changesOf(project);
  await run.begin();
  write(project, "a.txt", "1\n");
  const first = await run.look();
  commitAll(project);
  git(project, "checkout", "--quiet", "-b", "other");
  expect(await run.look()).toEqual(first);
  expect(await run.between(first, first)).toEqual([]);
  writeFiles(project, { "a.txt": "2\n", "d/é\n.txt": "new\n" });
  const next = await run.look();
  expect(await run.between(first, next)).toEqual(["a.txt", "d/é\n.txt"]);
  expect(await run.between(first, { ...next, digest: `..${"0".repeat(40)}` })).toBeNull();
  expect(await run.between(first, { ...next, digest: null })).toBeNull();
  expect(await run.between(first, { ...next, digest: "a..b --output=/x" })).toBeNull();
  expect(next.changed_at).toBe(statSync(join(project, "d/é\n.txt")).mtime.toISOString());
});

test("only what is below the project counts, and patterns above it that change are shown", async () => {
  const root = repository({ "packages/a/x.txt": "x\n", "packages/.gitignore": "*.tmp\n", "packages/b/y.txt": "y\n" });
  const run = changesOf(join(root, "packages/a"));
  await run.begin();
  writeFiles(root, { "a.txt": "1\n", "packages/b/y.txt": "1\n", "packages/a/n.tmp": "1\n", "packages/a/l.log": "1\n" });
  expect((await run.look()).stat).toBeUndefined();
  writeFiles(root, { "packages/a/x.txt": "1\n", "packages/.gitignore": "*.tmp\nevil\n", "packages/a/evil": "1\n" });
  const now = await run.look();
  expect(filesIn(now)).toEqual(["(above the project)/packages/.gitignore", "x.txt"]);
  expect(now.text).toContain("\n+evil\n");
});

test.each([
  [
    "a linked work tree",
    () => {
      const project = repository();
      const tree = join(scratchDir(), "tree");
      git(project, "worktree", "add", "--quiet", tree);
      return tree;
    },
  ],
  [
    "a submodule as the project",
    () => {
      const outer = repository();
      git(outer, "submodule", "--quiet", "add", repository(), "sub");
      return join(outer, "sub");
    },
  ],
  ["ids of the longer kind", () => repository({}, "--object-format=sha256")],
  [
    "a repository without a commit",
    () => {
      const project = scratchDir();
      git(project, "init", "--quiet");
      writeFiles(project, FILES);
      return project;
    },
  ],
  [
    "a project that is named by a link",
    () => {
      const link = join(scratchDir(), "link");
      symlinkSync(repository(), link);
      return link;
    },
  ],
  [
    "one that borrows its objects",
    () => {
      const clone = join(scratchDir(), "clone");
      git(scratchDir(), "clone", "--quiet", "--shared", repository(), clone);
      return clone;
    },
  ],
])("works in %s", async (_name, make) => {
  const project = make();
  const run = changesOf(project);
  await run.begin();
  rmSync(join(project, "src/b.txt"));
  write(project, "a.txt", "one\n2\nthree\n");
  const now = await run.look();
  expect(now.fault).toBeUndefined();
  expect(now.stat).toBe(" a.txt     | 2 +-\n src/b.txt | 1 -\n 2 files changed, 1 insertion(+), 2 deletions(-)");
});

describe("what is not known is said", () => {
  const NO_BASE = "it is not known what the run found; compared with the last commit";

  test("without a beginning it is compared with the last commit, and a commit does not change the digest", async () => {
    const project = repository();
    writeFiles(project, { "a.txt": "1\n", "new.txt": "n\n" });
    const run = changesOf(project);
    const first = await run.look();
    expect([first.fault, filesIn(first)]).toEqual([NO_BASE, ["a.txt", "new.txt"]]);
    commitAll(project);
    const next = await run.look();
    expect(next).toEqual({ what: "changes", digest: first.digest, fault: NO_BASE });
    write(project, "a.txt", "2\n");
    expect(await run.between(first, await run.look())).toEqual(["a.txt"]);
  });

  test("objects that gc took, or somebody replaced, are not shown as what was", async () => {
    const project = repository();
    const run = changesOf(project);
    await run.begin();
    write(project, "a.txt", "1\n");
    const shown = await changesOf(project).look();
    expect(filesIn(shown)).toEqual(["a.txt"]);
    const id = git(project, "rev-parse", "HEAD:a.txt");
    const object = join(project, ".git/objects", id.slice(0, 2), id.slice(2));
    chmodSync(object, 0o644);
    writeFileSync(object, Bun.deflateSync(Buffer.from("blob 2\x001\n"), { library: "zlib", windowBits: 15 }));
    const forged = await run.look();
    expect(forged).toEqual({
      what: "changes",
      digest: expect.stringMatching(/^[0-9a-f]+\.\.[0-9a-f]+$/),
      fault: "what the files were before is missing from the repository: no changes can be shown",
    });
    rmSync(join(project, ".git"), { recursive: true });
    git(project, "init", "--quiet");
    commitAll(project);
    const other = await run.look();
    expect(other.digest).toBe(forged.digest);
    expect(other.fault).toBe("what the run found is not kept any more; compared with the last commit");
  });

  test("gc takes nothing that the run found before a commit", async () => {
    const project = repository();
    writeFiles(project, { "a.txt": "staged\n", "new.txt": "new\n" });
    git(project, "add", "--all");
    const run = changesOf(project);
    await run.begin();
    git(project, "rm", "--quiet", "--cached", "--force", "a.txt", "new.txt");
    rmSync(join(project, "a.txt"));
    git(project, "gc", "--quiet", "--prune=now");
    const now = await run.look();
    expect(now.fault).toBeUndefined();
    expect(now.text).toContain("\n-staged\n");
  });

  test.each<[string, () => string, string]>([
    ["no repository", () => scratchDir(), "the project is no git repository: no changes can be shown"],
    [
      "a broken one",
      () => {
        const project = repository();
        rmSync(join(project, ".git/HEAD"));
        return project;
      },
      "git does not work in the project: run `git status` there, it says why",
    ],
    [
      "a broken index",
      () => {
        const project = repository();
        write(project, ".git/index", "no index");
        return project;
      },
      "git ls-files ended with 128",
    ],
  ])("%s", async (_name, make, fault) => {
    const run = changesOf(make());
    await run.begin();
    expect(await run.look()).toEqual({ what: "changes", digest: null, fault });
  });

  test("a repository of another user is a fault", async () => {
    if (process.getuid?.() !== 0) return; // only root can make one
    const project = repository();
    Bun.spawnSync(["chown", "-R", "12345", project]);
    expect((await changesOf(project).look()).fault).toStartWith("git does not work in the project");
  });

  test("a look that takes too long is a fault", async () => {
    const run = changesOf(repository(), { timeLimitMs: 0 });
    await run.begin();
    expect((await run.look()).fault).toBe("it takes longer than 10 s to look at the project's files");
  });
});

test("a long diff is cut at a line's end, with the size of the whole, and 200 files are named", async () => {
  const project = repository();
  const run = changesOf(project);
  await run.begin();
  const line = `${"é".repeat(50)}\n`;
  writeFiles(project, Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`n/${at}`, line.repeat(40)])));
  const { stat = "", text = "", bytes } = await run.look();
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_DIFF_BYTES);
  expect(Buffer.byteLength(text)).toBeGreaterThan(MAX_DIFF_BYTES - 200);
  expect(text).toEndWith("\n");
  expect(bytes).toBeGreaterThan(300 * 40 * line.length);
  expect(stat.split("\n")).toHaveLength(200);
  expect(stat).toEndWith(" 300 files changed, 12000 insertions(+)");
});

test("the server's own database is no file of the project", async () => {
  const project = repository();
  const run = changesOf(project, { database: join(project, "data/runs.db") });
  writeFiles(project, { "data/runs.db": "1", "data/runs.db.files/run_1/x": "1" });
  await run.begin();
  writeFiles(project, { "data/runs.db": "2", "data/runs.db-wal": "2", "data/runs.db.files/run_1/x": "2" });
  expect((await run.look()).stat).toBeUndefined();
  write(project, "data/runs.db.txt", "2");
  expect(filesIn(await run.look())).toEqual(["data/runs.db.txt"]);
});

test("a run begins once, and a look leaves nothing behind but objects", async () => {
  const project = repository();
  const run = changesOf(project);
  await run.begin();
  const scratch = join(run.place, "changes.git");
  const found = readFileSync(join(scratch, "found"));
  const names = readdirSync(scratch);
  appendFileSync(join(project, "a.txt"), "more\n");
  await run.begin();
  expect(filesIn(await run.look())).toEqual(["a.txt"]);
  expect(readFileSync(join(scratch, "found"))).toEqual(found);
  expect(readdirSync(scratch)).toEqual(names);
});
