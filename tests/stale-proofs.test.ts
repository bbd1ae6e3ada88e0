/** Proofs go stale, and it is said: what changed in a real repository since a program of the server passed. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { advance, type Caller, historyOf, startRun } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const ENDS = ["`report.status == 'failure'` → FAIL", "otherwise → FINISH"];
writeFiles(workflows, {
  ...workflowFiles("PROVED", {
    Plan: { routes: ["otherwise → Test"] },
    Test: { extras: ["checks: [{run: 'true'}]"], routes: ["otherwise → Ship"] },
    Ship: { routes: ["`report.status == 'again'` → Test", ...ENDS] },
  }),
  ...workflowFiles("SERVED", {
    Plan: { extras: ["next: Test"] },
    Test: { extras: ["run: 'true'"], routes: ["otherwise → Ship"] },
    Ship: { routes: ENDS },
  }),
  ...workflowFiles("CHOSEN", {
    Test: { extras: ["checks: [{run: 'true'}]"], guidance: "Ship, or Test again." },
    Ship: { routes: ENDS },
  }),
  ...workflowFiles("TWICE", {
    Plan: { routes: ["otherwise → Test"] },
    Test: { extras: ["checks: [{run: 'true'}]"], routes: ["otherwise → Last"] },
    Last: { extras: ["checks: [{run: 'test -e src'}]"], routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("BASELINE", {
    Before: { extras: ["checks: [{run: 'true'}]"], routes: ["otherwise → Work"] },
    Work: { routes: ["otherwise → After"] },
    After: { extras: ["run: 'true'"], routes: ["otherwise → Ship"] },
    Ship: { routes: ENDS },
  }),
  ...workflowFiles("OTHER_CHECKS", {
    Edit: { extras: ["checks: [{changed: 'src/**'}, {file: src/a.ts}]"], routes: ["otherwise → Ship"] },
    Ship: { routes: ENDS },
  }),
});
const ALLOWED = ["--allow-checks"];

function git(project: string, ...args: string[]): string {
  const author = ["-c", "user.name=t", "-c", "user.email=t@t.test", "-c", "protocol.file.allow=always"];
  const { success, stdout, stderr } = Bun.spawnSync(["git", ...author, ...args], { cwd: project });
  if (!success) throw new Error(String(stderr));
  return String(stdout).trim();
}

/** A repository with a commit, one new file, and one that is ignored. */
function repository(files: Record<string, string> = {}): string {
  const project = scratchDir();
  git(project, "init", "--quiet", "--initial-branch=main");
  writeFiles(project, { "src/a.ts": "a\n", "src/b.ts": "b\n", ".gitignore": "*.log\n", ...files });
  commitAll(project);
  writeFiles(project, { "new.ts": "new\n", "out.log": "1\n" });
  return project;
}

function commitAll(project: string): void {
  git(project, "add", "--all");
  git(project, "commit", "--quiet", "--allow-empty", "-m", "all");
}

const write = (project: string, path: string, text: string) => writeFiles(project, { [path]: text });

/** A run of PROVED that was just handed Ship: Test was proven at visit 2. */
async function proven(on: Caller, workflow = "PROVED"): Promise<{ id: string; stepId: string }> {
  const run = await startRun(on, workflow);
  const next = await advance(on, run);
  if (next.data.next_step.step_name === "Ship") return { id: run.id, stepId: next.data.next_step.step_id };
  const ship = await advance(on, { id: run.id, stepId: "2-test" });
  expect(ship.data.next_step.step_id).toBe("3-ship");
  return { id: run.id, stepId: "3-ship" };
}

/** What the text says of proofs. */
function staleIn(text: string): string[] {
  return text.split("\n").filter((line) => /: proved at visit \d+; .* changed since/.test(line));
}

async function toldOn(on: Caller, id: string): Promise<string[]> {
  const { text, data } = await on.call("resume_workflow", { instance_id: id });
  expect(staleIn(data.recap)).toEqual(staleIn(text));
  return staleIn(text);
}

const BACK = "(rewind to visit 2, or run it again)";

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  const at = (project: string, more: object = {}) => open({ workflows, project, args: ALLOWED, ...more });

  describe(`over ${transport}`, () => {
    test("resume, show and the last answer name what changed since a check passed", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on);
      expect(await toldOn(on, run.id)).toEqual([]);
      expect(show(on, run.id).text).not.toContain("changed since");
      write(project, "src/a.ts", "more\n");
      const line = `Test: proved at visit 2; src/a.ts changed since ${BACK}`;
      expect(await toldOn(on, run.id)).toEqual([line]);
      expect(show(on, run.id).text).toContain(`\n${line}\n`);
      expect(show(on, run.id).data.stale_proofs).toEqual([{ step_name: "Test", visit: 2, files: ["src/a.ts"] }]);
      const end = await advance(on, run);
      for (const form of [end.text, end.data.rules])
        expect(form).toEndWith(
          "Tell the user the outcome.\nTest: proved at visit 2; src/a.ts changed since (run it again)",
        );
      const again = await on.call("resume_workflow", { instance_id: run.id });
      expect(staleIn(again.text)).toHaveLength(1);
      expect(staleIn(again.data.rules)).toEqual(staleIn(again.text));
    });

    test("a server step's proof goes stale like that of a check, in a run that fails as well", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on, "SERVED");
      expect(await toldOn(on, run.id)).toEqual([]);
      rmSync(join(project, "src/b.ts"));
      expect(await toldOn(on, run.id)).toEqual([`Test: proved at visit 2; src/b.ts changed since ${BACK}`]);
      const end = await advance(on, run, { status: "failure" });
      expect(end.data.status).toBe("FAILED");
      expect(staleIn(end.data.rules)).toEqual(["Test: proved at visit 2; src/b.ts changed since (run it again)"]);
    });

    test("nothing is said of a project that stands as it stood, of a run that was cancelled, or by other answers", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on);
      utimesSync(join(project, "src/a.ts"), 1, 1);
      write(project, "out.log", "2\n");
      commitAll(project);
      expect(await toldOn(on, run.id)).toEqual([]);
      write(project, "src/a.ts", "more\n");
      expect((await advance(on, run, { status: "in_progress" })).text).not.toContain("proved at");
      const cancelled = await on.call("cancel_workflow", { instance_id: run.id });
      expect(cancelled.text).not.toContain("proved at");
    });

    test("a step that is proved again counts anew", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on);
      write(project, "src/a.ts", "more\n");
      await advance(on, run, { status: "again" });
      expect(await toldOn(on, run.id)).toEqual([]); // the agent is at it
      await advance(on, { id: run.id, stepId: "4-test" });
      expect(await toldOn(on, run.id)).toEqual([]);
      write(project, "src/b.ts", "more\n");
      expect(await toldOn(on, run.id)).toEqual([
        "Test: proved at visit 4; src/b.ts changed since (rewind to visit 4, or run it again)",
      ]);
    });

    test("a proof whose programs passed again at a later step is asked for no more", async () => {
      const project = repository();
      const on = await at(project);
      const run = await startRun(on, "BASELINE");
      await advance(on, run);
      write(project, "src/a.ts", "more\n");
      expect(await toldOn(on, run.id)).toEqual([
        "Before: proved at visit 1; src/a.ts changed since (rewind to visit 1, or run it again)",
      ]);
      const ship = await advance(on, { id: run.id, stepId: "2-work" });
      expect(ship.data.next_step.step_id).toBe("4-ship");
      expect(await toldOn(on, run.id)).toEqual([]);
      write(project, "src/b.ts", "more\n");
      const end = await advance(on, { id: run.id, stepId: "4-ship" });
      expect(staleIn(end.text)).toEqual(["After: proved at visit 3; src/b.ts changed since (run it again)"]);
    });

    test("a rewind takes along the proofs that it takes back, and no others", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on);
      await advance(on, run, { status: "again" });
      write(project, "src/a.ts", "more\n");
      await advance(on, { id: run.id, stepId: "4-test" });
      await on.call("rewind_workflow", { instance_id: run.id, to_visit: 3 });
      expect(await toldOn(on, run.id)).toEqual([`Test: proved at visit 2; src/a.ts changed since ${BACK}`]);
      write(project, "src/a.ts", "a\n");
      expect(await toldOn(on, run.id)).toEqual([]);
      write(project, "src/a.ts", "more\n");
      await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
      expect(await toldOn(on, run.id)).toEqual([]);
    });

    test("what was answered outlives the server: another one says the same", async () => {
      const project = repository();
      const on = await at(project);
      const run = await proven(on);
      await on.kill();
      write(project, "new.ts", "changed\n");
      expect(await toldOn(await at(project, { db: on.db }), run.id)).toEqual([
        `Test: proved at visit 2; new.ts changed since ${BACK}`,
      ]);
    });

    test("a proof that is kept until the agent chooses counts from when it was made", async () => {
      const project = repository();
      const on = await at(project);
      const run = await startRun(on, "CHOSEN");
      expect((await advance(on, run)).data.decision_required).toBeDefined();
      write(project, "src/a.ts", "more\n");
      const end = await advance(on, run, { next_step: "FINISH", message: "that will do" });
      expect(staleIn(end.text)).toEqual(["Test: proved at visit 1; src/a.ts changed since (run it again)"]);
    });

    test("a last answer whose own step was proven just now tells of the proofs before it", async () => {
      const project = repository();
      const on = await at(project);
      const run = await startRun(on, "TWICE");
      await advance(on, run);
      await advance(on, { id: run.id, stepId: "2-test" });
      write(project, "src/a.ts", "more\n");
      const end = await advance(on, { id: run.id, stepId: "3-last" });
      expect(end.data.status).toBe("COMPLETED");
      expect(staleIn(end.text)).toEqual(["Test: proved at visit 2; src/a.ts changed since (run it again)"]);
      write(project, "src/b.ts", "more\n");
      const again = await advance(on, { id: run.id, stepId: "3-last" });
      expect(again.data.replayed).toBe(true);
      expect(staleIn(again.text)).toEqual([
        "Test: proved at visit 2; src/a.ts, src/b.ts changed since (run it again)",
        "Last: proved at visit 3; src/b.ts changed since (run it again)",
      ]);
    });
  });
}

function show({ db, project }: Pick<Served, "db" | "project">, id: string) {
  const shown = (...more: string[]) =>
    String(Bun.spawnSync([EXECUTABLE, "show", id, "--db", db, "--project", project, ...more]).stdout);
  return { text: shown(), data: JSON.parse(shown("--json")) };
}

/** What is told over stdio of a project to which `act` was done after the proof. */
async function toldAfter(project: string, act: (on: Connection, id: string) => void, more: object = {}) {
  const on = await connect({ workflows, project, args: ALLOWED, ...more });
  const run = await proven(on);
  act(on, run.id);
  return toldOn(on, run.id);
}

const CHANGES: [what: string, act: (project: string) => void, named: string][] = [
  ["a file that was renamed, by both names", (at) => renameSync(join(at, "new.ts"), join(at, "c.ts")), "c.ts, new.ts"],
  ["one that git renamed", (at) => void git(at, "mv", "src/b.ts", "src/c.ts"), "src/b.ts, src/c.ts"],
  ["one that came, in a new directory", (at) => write(at, "lib/x/y.ts", "y"), "lib/x/y.ts"],
  ["one that is not ignored any more", (at) => write(at, ".gitignore", "*.bak\n"), ".gitignore, out.log"],
  ["names with spaces and quotes", (at) => write(at, `a "b" 'c' \\d`, "x"), `a "b" 'c' \\d`],
  [
    "a name of several lines, on one",
    (at) => write(at, "a\nTest: proved at visit 9", "x"),
    "a Test: proved at visit 9",
  ],
  [
    "a file that became a link",
    (at) => void Bun.spawnSync(["ln", "-sf", "b.ts", "a.ts"], { cwd: join(at, "src") }),
    "src/a.ts",
  ],
  [
    "more than five, with their number",
    (at) => writeFiles(at, Object.fromEntries([..."gfedcba"].map((name) => [name, name]))),
    "a, b, c, d, e (+2)",
  ],
];
test.each(CHANGES)("it names %s", async (_what, act, named) => {
  const project = repository();
  const told = await toldAfter(project, () => act(project));
  expect(told).toEqual([`Test: proved at visit 2; ${named} changed since ${BACK}`]);
});

test("a name that is no UTF-8 is named as well as it can be", async () => {
  const project = repository();
  const [told = ""] = await toldAfter(project, () => {
    writeFileSync(Buffer.concat([Buffer.from(`${project}/caf`), Buffer.from([0xe9])]), "x");
  });
  expect(told).toStartWith("Test: proved at visit 2; caf");
  expect(told).toEndWith(` changed since ${BACK}`);
});

test("a repository inside counts by its commit", async () => {
  const project = repository();
  git(project, "submodule", "--quiet", "add", repository(), "inner");
  commitAll(project);
  const inner = join(project, "inner");
  expect(await toldAfter(project, () => commitAll(inner))).toEqual([
    `Test: proved at visit 2; inner changed since ${BACK}`,
  ]);
});

test("a project that is a folder of its repository is looked at for itself, a linked work tree too", async () => {
  const whole = repository({ "app/src/a.ts": "a" });
  const app = join(whole, "app");
  expect(
    await toldAfter(app, () => {
      write(whole, "src/a.ts", "outside");
      write(app, "src/a.ts", "inside");
    }),
  ).toEqual([`Test: proved at visit 2; src/a.ts changed since ${BACK}`]);
  const linked = join(scratchDir(), "linked");
  git(whole, "worktree", "add", "--quiet", linked);
  expect(await toldAfter(linked, () => write(linked, "src/b.ts", "more"))).toEqual([
    `Test: proved at visit 2; src/b.ts changed since ${BACK}`,
  ]);
});

test("a tree that changes while it is read holds up no proof", async () => {
  const project = repository();
  const churn =
    "i=0; while :; do i=$(((i+1)%50)); echo $i > t$i; mkdir -p d$i; echo x > d$i/x; rm -rf d$(((i+9)%50)) t$(((i+9)%50)); done";
  const busy = Bun.spawn(["sh", "-c", churn], { cwd: project });
  try {
    const on = await connect({ workflows, project, args: ALLOWED });
    for (let runs = 0; runs < 5; runs++) {
      const told = await advance(on, await proven(on));
      expect(told.data.status).toBe("COMPLETED");
    }
  } finally {
    busy.kill("SIGKILL");
  }
});

test("a file that git cannot read hides no other", async () => {
  const project = repository();
  const told = await toldAfter(project, () => {
    Bun.spawnSync(["mkfifo", join(project, "pipe")]);
    symlinkSync("loop", join(project, "loop"));
    symlinkSync("/nowhere", join(project, "broken"));
    chmodSync(join(project, "new.ts"), 0);
    write(project, "src/a.ts", "more\n");
  });
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/visit 2; broken, loop, (new\.ts, )?src\/a\.ts changed since/); // root may read all
});

test("if the names were not kept, or not whole, only that something changed is said", async () => {
  const only = [`Test: proved at visit 2; files of the project changed since ${BACK}`];
  const kept = ({ db }: Connection, id: string) => {
    const home = join(`${db}.files`, id);
    const [name = "", ...more] = readdirSync(home).filter((each) => each.endsWith(".files"));
    expect(more).toEqual([]);
    return join(home, name);
  };
  for (const spoil of [rmSync, (path: string) => truncateSync(path, 50)]) {
    const project = repository();
    const act = (on: Connection, id: string) => {
      spoil(kept(on, id));
      write(project, "src/a.ts", "more\n");
    };
    expect(await toldAfter(project, act)).toEqual(only);
  }
});

test("what only git could tell is not told: without a repository, without git, with a broken one", async () => {
  const plain = scratchDir();
  expect(await toldAfter(plain, () => write(plain, "a", "x"))).toEqual([]);
  const project = repository();
  const act = () => write(project, "src/a.ts", "more\n");
  expect(await toldAfter(project, act, { env: { PATH: programs("true") } })).toEqual([]);
  const broken = repository();
  const breakIt = () => {
    write(broken, "src/a.ts", "more\n");
    write(broken, ".git/index", "no index");
  };
  expect(await toldAfter(broken, breakIt)).toEqual([]);
  expect(await toldAfter(broken, () => {})).toEqual([]);
});

/** A directory with these of the machine's programs. */
function programs(...names: string[]): string {
  const directory = scratchDir();
  for (const name of names) Bun.spawnSync(["ln", "-s", Bun.which(name) ?? "", join(directory, name)]);
  return directory;
}

test("a git that does not end holds up a proof for two seconds, and nothing is kept", async () => {
  const project = repository();
  const PATH = programs("true", "sleep");
  writeFiles(PATH, { git: "#!/bin/sh\nexec sleep 60\n" });
  chmodSync(join(PATH, "git"), 0o755);
  const on = await connect({ workflows, project, args: ALLOWED, env: { PATH } });
  const began = performance.now();
  const run = await proven(on);
  expect(performance.now() - began).toBeLessThan(8_000);
  const [, tested] = await historyOf(on, run.id);
  expect(tested?.evidence).toHaveLength(1);
  expect(tested?.evidence[0]).not.toHaveProperty("project_files");
});

test("no hook, monitor or filter of the project is run, and a file that a filter changes is told by its size and time", async () => {
  const project = repository({ ".gitattributes": "*.bin filter=odd\n", "a.bin": "1\n", "b.bin": "1\n" });
  write(project, "new.bin", "1\n");
  const ran = join(scratchDir(), "ran");
  const script = join(scratchDir(), "filter.sh");
  writeFileSync(script, `#!/bin/sh\ntouch '${ran}'\nexec sed s/1/one/\n`);
  chmodSync(script, 0o755);
  for (const key of ["core.fsmonitor", "filter.odd.clean"]) git(project, "config", key, script);
  git(project, "config", "filter.odd.required", "true");
  mkdirSync(join(project, ".git/hooks"), { recursive: true });
  for (const hook of ["post-index-change", "pre-commit"]) {
    writeFileSync(join(project, ".git/hooks", hook), `#!/bin/sh\ntouch '${ran}'\n`, { mode: 0o755 });
  }
  rmSync(ran, { force: true });
  const told = await toldAfter(project, () => {
    write(project, "a.bin", "1 and more\n");
    write(project, "src/a.ts", "more\n");
  });
  expect(told).toEqual([`Test: proved at visit 2; a.bin, src/a.ts changed since ${BACK}`]);
  expect(existsSync(ran)).toBe(false);
  const same = await toldAfter(project, () => git(project, "-c", "core.fsmonitor=false", "add", "--all"));
  expect(same).toEqual([]);
});

test("checks that start no program say nothing of the project as a whole, and keep nothing", async () => {
  const project = repository();
  const on = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(on, "OTHER_CHECKS");
  write(project, "src/a.ts", "more\n");
  const ship = await advance(on, run);
  expect(ship.data.next_step.step_name).toBe("Ship");
  write(project, "src/b.ts", "more\n");
  expect(await toldOn(on, run.id)).toEqual([]);
  expect((await historyOf(on, run.id))[0]?.evidence).toHaveLength(2);
});
