/** What a client's hook is told at each moment, through the executable, while a server has the database open. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { HOOK_CLIENTS, HOOK_EVENTS, type HookClient, type HookEvent } from "../src/hook.ts";
import { advance, type Run, startRun } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { callHook, saying, transcriptOf } from "./support/hook.ts";
import { connectInProcess } from "./support/in-process.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const steps = (extras: string[]) => ({
  Plan: { extras, routes: ["otherwise → Ship"] },
  Ship: { routes: ["otherwise → FINISH"] },
});
for (const [name, extras] of Object.entries({
  FREE: [],
  DOCS: ["edits: [docs/**, notes.md]"],
  NONE: ["edits: none"],
  YES: ["approval: true", "edits: none"],
  LATER: ["wait: 1h", "edits: none"],
  PROGRAM: ["run: [sleep, '60']"],
}))
  writeFiles(workflows, workflowFiles(name, steps(extras)));

interface There {
  on: Pick<Connection, "call" | "db" | "project">;
  run: Run;
  transcript: string;
}

async function started(workflow: string): Promise<There> {
  const on = await connectInProcess({ workflows: [workflows] });
  const run = await startRun(on, workflow);
  return { on, run, transcript: transcriptOf([run.told]) };
}

/** The same for a run that is not the agent's at once; the session has reported a step of it, as its transcript says. */
async function begun(workflow: string): Promise<There> {
  const on = await connectInProcess({ workflows: [workflows] });
  const told = await on.call("start_workflow", { workflow_name: workflow });
  const id = told.data.instance_id;
  const call = { text: `advance_workflow {"instance_id":"${id}"}`, data: {} };
  return { on, run: { id, stepId: "1-plan", told }, transcript: transcriptOf([told, call]) };
}

function ask({ on, transcript }: There, event: HookEvent, client: HookClient = "claude", more: object = {}) {
  const says = { ...saying(client, event, { cwd: on.project, transcript }), ...more };
  return callHook({ event, client, db: on.db, says });
}

async function answered(...args: Parameters<typeof ask>) {
  const { code, stdout, stderr } = await ask(...args);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout === "" ? null : JSON.parse(stdout);
}

const edits = (path: string) => ({ tool_name: "Write", tool_input: { file_path: path, content: "x" } });
const held = ({ on }: There) => {
  const db = new Database(on.db, { readonly: true });
  try {
    return db.query("SELECT kind, visit, step_name, client, path FROM held ORDER BY rowid").all();
  } finally {
    db.close();
  }
};

const ASKS =
  'Step "Plan" of FREE is not reported. Report it with advance_workflow (a failure too; paused, if the user wants to stop here). To ask the user, or because they said stop: stop again, you will not be held.';
const LIVE = 'FREE at step "Plan", visit 1; nothing reported yet.';
const GO_ON = "If the user wants to go on with it, call resume_workflow {}.";

describe.each(HOOK_CLIENTS)("%s", (client) => {
  const told = (name: string, additionalContext: string) =>
    client === "copilot" ? { additionalContext } : { hookSpecificOutput: { hookEventName: name, additionalContext } };
  const isGemini = client === "gemini";

  test("is told in its own form where the run is", async () => {
    const there = await started("FREE");
    const start = `[orchestrator] A workflow run is live in this project: ${LIVE} ${GO_ON}`;
    expect(await answered(there, "session-start", client)).toEqual(told("SessionStart", start));
    const prompt = `[orchestrator] A workflow run is live in this session: ${LIVE} ${GO_ON}`;
    expect(await answered(there, "prompt", client)).toEqual(
      told(isGemini ? "BeforeAgent" : "UserPromptSubmit", prompt),
    );
    const now = "The context was compacted: call resume_workflow {} now, before anything else.";
    const compacted = `[orchestrator] A workflow run is live in this session: ${LIVE} ${now}`;
    expect(await answered(there, "after-compaction", client)).toEqual(told("SessionStart", compacted));
  });

  test("is held once a visit as it stops", async () => {
    const there = await started("FREE");
    expect(await answered(there, "stop", client)).toEqual({ decision: "block", reason: ASKS });
    expect(await answered(there, "stop", client)).toBeNull();
    const ship = await advance(there.on, there.run);
    const later = { ...there, transcript: transcriptOf([ship]) };
    expect((await answered(later, "stop", client)).reason).toStartWith('Step "Ship" of FREE is not reported.');
    expect(held(there)).toEqual([
      { kind: "stop", visit: 1, step_name: "Plan", client, path: null },
      { kind: "stop", visit: 2, step_name: "Ship", client, path: null },
    ]);
  });

  test("is refused an edit elsewhere, and counted", async () => {
    const there = await started("DOCS");
    const says = client === "copilot" ? { toolName: "create", toolArgs: '{"path":"src/a.ts"}' } : {};
    const why =
      'Step "Plan" of the workflow may change files only in docs/** | notes.md; "src/a.ts" was not changed. If that stands in the way, report it: advance_workflow with status failure.';
    const denied = { permissionDecision: "deny", permissionDecisionReason: why };
    const inForm = {
      claude: { hookSpecificOutput: { hookEventName: "PreToolUse", ...denied } },
      codex: { hookSpecificOutput: { hookEventName: "PreToolUse", ...denied } },
      gemini: { decision: "deny", reason: why },
      copilot: denied,
    };
    expect(await answered(there, "before-edit", client, says)).toEqual(inForm[client]);
    expect(await answered(there, "before-edit", client, says)).toEqual(inForm[client]);
    const edit = { kind: "edit", visit: 1, step_name: "Plan", client, path: "src/a.ts" };
    expect(held(there)).toEqual([edit, edit]);
  });
});

interface Case {
  state: string;
  make(): Promise<There>;
  /** What is said of it, in words; undefined: nothing, whatever the moment. */
  waits?: string;
  event?: string;
}

const CASES: Case[] = [
  { state: "waits for a person", make: () => begun("YES"), waits: "which waits for a person" },
  { state: "waits for the clock", make: () => begun("LATER"), waits: "which waits for the clock" },
  { state: "is the server's to do", make: () => inBackground(), waits: "which waits for the server" },
  { state: "is paused", make: () => reported("paused"), waits: "which is paused" },
  { state: "is over", make: () => finished() },
  {
    state: "is in another project",
    make: async () => ({ ...(await started("NONE")), on: { ...(await started("FREE")).on, project: scratchDir() } }),
  },
];

async function reported(status: string): Promise<There> {
  const there = await started("NONE");
  await advance(there.on, there.run, { status, message: 'The user said: "enough".' });
  return there;
}

async function finished(): Promise<There> {
  const there = await started("NONE");
  await there.on.call("cancel_workflow", { instance_id: there.run.id });
  return there;
}

/** The program takes longer than the test; the call that starts it does not wait for its end. */
async function inBackground(): Promise<There> {
  const on = await connect({ workflows, args: ["--allow-checks"] });
  void on.call("start_workflow", { workflow_name: "PROGRAM" }).catch(() => {}); // it ends with the server
  const ids = async () =>
    (await on.call("list_instances")).data.instances.map((each: { instance_id: string }) => each.instance_id);
  let id: string | undefined;
  while (id === undefined) [id] = await ids();
  const told = { text: `advance_workflow {"instance_id":"${id}"}`, data: {} };
  return { on, run: { id, stepId: "1-plan", told: { ...told, isError: false } }, transcript: transcriptOf([told]) };
}

test.each(CASES)(
  "a run that $state is neither held nor refused anything, and named with what it waits for",
  async (each) => {
    const there = await each.make();
    expect(await answered(there, "stop")).toBeNull();
    expect(await answered(there, "before-edit")).toBeNull();
    for (const event of ["session-start", "prompt", "after-compaction"] as const) {
      const said = (await answered(there, event))?.hookSpecificOutput.additionalContext;
      if (each.waits) expect([event, said]).toEqual([event, expect.stringContaining(each.waits)]);
      else expect([event, said]).toEqual([event, undefined]);
    }
    if (each.state !== "is in another project") expect(held(there)).toEqual([]);
  },
);

test("after a compaction a run that a person must act on is not taken up again by itself", async () => {
  const said = (await answered(await reported("paused"), "after-compaction")).hookSpecificOutput.additionalContext;
  expect(said).toEndWith(GO_ON);
  expect(said).toContain('last report 0 s ago: "Plan", paused, "The user said: \\"enough\\"."');
});

test("a session whose transcript names no run, or names it only in a list, is left alone", async () => {
  const there = await started("NONE");
  const silent = { ...there, transcript: transcriptOf([{ text: "Nothing of ours.", data: {} }]) };
  for (const event of HOOK_EVENTS.filter((each) => each !== "session-start"))
    expect(await answered(silent, event)).toBeNull();
  const listed = { ...there, transcript: transcriptOf([await there.on.call("list_instances")]) };
  expect(await answered(listed, "stop")).toBeNull();
  expect(await answered(listed, "before-edit")).toBeNull();
  expect(await answered(listed, "prompt")).not.toBeNull();
});

test("an id is found in a transcript of any size, near its end, and not forty megabytes before", async () => {
  const there = await started("FREE");
  const long = transcriptOf([there.run.told], 40_000_000);
  expect(await answered({ ...there, transcript: long }, "prompt")).not.toBeNull();
  const far = join(scratchDir(), "far.jsonl");
  const talk = (await Bun.file(long).bytes()).slice(0, 39_000_000);
  await Bun.write(far, new Blob([await Bun.file(there.transcript).bytes(), talk]));
  expect(await answered({ ...there, transcript: far }, "prompt")).toBeNull();
});

test("who was held already, was interrupted, or waits for helpers may stop", async () => {
  const there = await started("FREE");
  for (const more of [
    { stop_hook_active: true },
    { stopReason: "abort" },
    { background_tasks: [{ id: "1", type: "subagent", status: "running" }] },
  ])
    expect(await answered(there, "stop", "claude", more)).toBeNull();
  const helper = {
    agent_id: "1",
    agent_transcript_path: there.transcript,
    background_tasks: [{ id: "1", type: "subagent" }],
  };
  expect(await answered(there, "stop", "claude", helper)).not.toBeNull();
  const next = transcriptOf([await advance(there.on, there.run)]);
  const shell = { transcript_path: next, background_tasks: [{ id: "1", type: "shell", status: "running" }] };
  expect(await answered(there, "stop", "claude", shell)).not.toBeNull();
});

test("Copilot CLI names no transcript before an edit: it is sought where it keeps them", async () => {
  const there = await started("NONE");
  const env = { COPILOT_HOME: scratchDir() };
  await Bun.write(join(env.COPILOT_HOME, "session-state/5f0e6c1e/events.jsonl"), Bun.file(there.transcript));
  const edit = { cwd: there.on.project, toolName: "create", toolArgs: { path: "a" } };
  const call = (sessionId: string) =>
    callHook({ event: "before-edit", client: "copilot", db: there.on.db, says: { ...edit, sessionId }, env });
  expect((await call("5f0e6c1e")).stdout).toContain('"permissionDecision":"deny"');
  expect((await call("../session-state/5f0e6c1e")).stdout).toBe("");
});

test("of two stops at once one is held", async () => {
  const there = await started("FREE");
  const all = await Promise.all(Array.from({ length: 6 }, () => ask(there, "stop")));
  expect(all.filter(({ stdout }) => stdout !== "")).toHaveLength(1);
  expect(held(there)).toHaveLength(1);
});

test("what was held goes with its run", async () => {
  const there = await started("FREE");
  await ask(there, "stop");
  await there.on.call("cancel_workflow", { instance_id: there.run.id });
  const db = new Database(there.on.db);
  db.run("UPDATE instances SET completed_at = '2024-01-01T00:00:00.000Z'");
  db.close();
  expect(held(there)).toHaveLength(1);
  const { exitCode } = Bun.spawnSync([EXECUTABLE, "prune", "--older-than", "30d", "--db", there.on.db]);
  expect([exitCode, held(there)]).toEqual([0, []]);
});

test("a report that waits for the agent's choice is named as that", async () => {
  const steps = { Plan: {}, Ship: {} };
  writeFiles(workflows, workflowFiles("CHOOSE", steps));
  const there = await started("CHOOSE");
  expect((await advance(there.on, there.run)).data.decision_required).toBeDefined();
  expect((await answered(there, "stop")).reason).toStartWith(
    'Step "Plan" of CHOOSE is reported, but its next step is not chosen.',
  );
});

test("branches that helpers do are the helpers' to stop at, one at a time the session's", async () => {
  const there = await started("FREE");
  const { id: parent } = there.run;
  const branch = await startRun(there.on, "FREE");
  const db = new Database(there.on.db);
  const waits = (max_parallel: number) =>
    JSON.stringify({ of: "branches", kind: "branches", since: "2026-01-01T00:00:00.000Z", branches: { max_parallel } });
  db.run("UPDATE instances SET parent_id = ? WHERE instance_id = ?", [parent, branch.id]);
  const both = { ...there, transcript: transcriptOf([there.run.told, branch.told]) };
  const helper = { agent_id: "a1", agent_transcript_path: transcriptOf([branch.told]) };
  db.run("UPDATE instances SET turn = ? WHERE instance_id = ?", [waits(3), parent]);
  expect(await answered(both, "stop")).toBeNull();
  expect(await answered(both, "stop", "claude", helper)).toMatchObject({ decision: "block" });
  db.run("DELETE FROM held");
  db.run("UPDATE instances SET turn = ? WHERE instance_id = ?", [waits(1), parent]);
  expect(await answered(both, "stop")).toMatchObject({ decision: "block" });
  db.close();
});

describe("an edit", () => {
  test("by a helper of Claude Code is judged by the run of its own transcript, which lies beside the session's", async () => {
    const there = await started("NONE");
    const own = join(there.transcript.replace(/\.jsonl$/, ""), "subagents/agent-a1.jsonl");
    await Bun.write(own, Bun.file(there.transcript));
    await Bun.write(there.transcript, "{}\n");
    expect(await answered(there, "before-edit")).toBeNull();
    expect(await answered(there, "before-edit", "claude", { agent_id: "a1" })).not.toBeNull();
    expect(await answered(there, "before-edit", "claude", { agent_id: "../a1" })).toBeNull();
  });

  test("by a helper that works at no run of its own is judged by the session's", async () => {
    const there = await started("NONE");
    await Bun.write(join(there.transcript.replace(/\.jsonl$/, ""), "subagents/agent-a1.jsonl"), "{}\n");
    expect(await answered(there, "before-edit", "claude", { agent_id: "a1" })).not.toBeNull();
    for (const agent_transcript_path of [undefined, ""])
      expect(await answered(there, "stop", "claude", { agent_id: "a1", agent_transcript_path })).toBeNull();
  });

  test("by a helper whose transcript is not known is refused if every run of the session refuses it", async () => {
    const there = await started("NONE");
    const other = await startRun(there.on, "DOCS");
    const both = { ...there, transcript: transcriptOf([there.run.told, other.told]) };
    const helper = (path: string) => ({ agent_id: "a1", ...edits(path) });
    expect(await answered(both, "before-edit", "claude", helper("src/a.ts"))).not.toBeNull();
    expect(await answered(both, "before-edit", "claude", helper("docs/a.md"))).toBeNull();
  });

  test.each([
    ["docs/plan.md", false],
    ["notes.md", false],
    ["./docs/../docs/a/b.md", false],
    ["src/a.ts", true],
    ["docs/../src/a.ts", true],
    ["docs.md", true],
    ["../elsewhere.md", false],
    ["/etc/hosts", false],
    ["out/there.md", false],
    ["link/a.ts", true],
    ["docs/leads-out-of-docs", true],
    ["docs/new-link", true],
  ])("of %s is refused: %p", async (path, isRefused) => {
    const there = await started("DOCS");
    const { project } = there.on;
    for (const name of ["src", "docs"]) mkdirSync(join(project, name));
    symlinkSync(scratchDir(), join(project, "out"));
    symlinkSync("src", join(project, "link"));
    symlinkSync("../src", join(project, "docs/leads-out-of-docs"));
    symlinkSync("../src/new.ts", join(project, "docs/new-link"));
    expect((await answered(there, "before-edit", "claude", edits(path))) !== null).toBe(isRefused);
    const absolute = join(project, path); // as most clients write it
    if (!path.startsWith("/")) {
      const again = await answered(there, "before-edit", "claude", { ...edits(absolute), cwd: join(project, "src") });
      expect(again !== null).toBe(isRefused);
    }
  });

  const patch = "*** Begin Patch\n*** Update File: docs/plan.md\n*** Move to: src/plan.md\n@@\n-a\n+b\n*** End Patch\n";
  test.each([
    ["Bash", { command: "echo > src/a.ts" }, false],
    ["Read", { file_path: "src/a.ts" }, false],
    ["NotebookEdit", { notebook_path: "a.ipynb" }, true],
    ["apply_patch", { command: patch }, true],
    ["apply_patch", { input: patch.replace("src/", "docs/") }, false],
    ["apply_patch", { command: ["apply_patch", patch] }, true],
    ["apply_patch", patch, true],
    ["str_replace_editor", { command: "view", path: "src/a.ts" }, false],
    ["Edit", { file_path: 7 }, false],
    ["Edit", null, false],
  ])("by %s of %j is refused: %p", async (tool_name, tool_input, isRefused) => {
    const there = await started("DOCS");
    expect((await answered(there, "before-edit", "codex", { tool_name, tool_input })) !== null).toBe(isRefused);
  });

  test("anywhere in the project is refused if a step may change nothing", async () => {
    const there = await started("NONE");
    const { hookSpecificOutput } = await answered(there, "before-edit");
    expect(hookSpecificOutput.permissionDecisionReason).toStartWith(
      'Step "Plan" of the workflow may change no files of the project;',
    );
    await advance(there.on, there.run);
    expect(await answered(there, "before-edit")).toBeNull();
  });

  test("is not refused once a person waived the check", async () => {
    const there = await started("NONE");
    const db = new Database(there.on.db);
    db.run("UPDATE instances SET waived = ?", [JSON.stringify([{ what: "edits none", reason: "agreed" }])]);
    db.close();
    expect(await answered(there, "before-edit")).toBeNull();
  });
});
