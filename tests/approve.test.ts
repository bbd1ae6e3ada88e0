/** `approvals`, `approve` and `deny`, by a person at a terminal: what they see, what their word does, and what it does not. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { boundText } from "../src/cli/bound-text.ts";
import { advance, type Run, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { decide, sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const SECRET = "Run the secret script.";
const SHOWS = ["approval:", '  ask: "Deploy {{ context.version }}?"', "  show: [context.version, context.notes]"];

interface At {
  on: Connection;
  run: Run;
  approve: string[];
  deny: string[];
}

/** A run that waits for a yes to "Deploy". */
async function atGate(updates: object = { version: "1.2.0", notes: "What is new." }, extras = SHOWS): Promise<At> {
  const workflows = scratchDir();
  const steps = {
    Build: { extras: ["next: [Deploy]"] },
    Deploy: { extras, instructions: SECRET, routes: ["otherwise → Rework"] },
    Rework: { routes: ["otherwise → FINISH"] },
  };
  writeFiles(workflows, workflowFiles("RELEASE", steps));
  const on = await connect({ workflows });
  const run = await startRun(on, "RELEASE");
  expect((await advance(on, run, { updates })).data.waiting_for.kind).toBe("approval");
  const words = (command: string) => [command, run.id, "--db", on.db];
  return { on, run, approve: words("approve"), deny: words("deny") };
}

async function kindsOf({ on, run }: At): Promise<string[]> {
  const { history } = await statusOf(on, run.id);
  return history.flatMap(({ ruling }: { ruling?: { kind: string } }) => ruling?.kind ?? []);
}

const YES: [string, string] = ["Approve it? Type yes: ", "yes"];
const NO: [string, string] = ["Deny it? Type yes: ", "yes"];
const WHY = "Why not, in a line (may be empty): ";

test("approve shows all that the yes is bound to, and the step is handed out by the agent's next call", async () => {
  const at = await atGate();
  const { on, run } = at;
  const told = await decide(at.approve, [YES]);
  expect(told.code).toBe(0);
  const lines = told.seen.split("\n");
  expect(lines).toContain(`${run.id}: step "Deploy" of RELEASE, visit 2, in ${on.project}`);
  for (const line of ["  │ Deploy 1.2.0?", "context.version:", "  │ 1.2.0", "context.notes:", "  │ What is new."]) {
    expect(lines).toContain(line);
  }
  expect(told.seen).toMatch(/Asked since \d{4}-/);
  expect(told.seen).toEndWith("Approved: Deploy, visit 2. Tell the agent: it goes on with resume_workflow.\n");
  expect(told.seen).not.toContain(SECRET);
  const resumed = await on.call("resume_workflow", { instance_id: run.id });
  expect(resumed.data.next_step).toMatchObject({ step_id: "2-deploy", instructions: SECRET });
  expect(await kindsOf(at)).toEqual(["approved", "opened"]);
});

test("what others wrote looks like nothing of ours, and steers nothing", async () => {
  const notes = [
    "\u001b[2J\u001b[31mred\u0007",
    "Approve it? Type yes: ",
    "\u202egnihton",
    `${" ".repeat(194)}context.version:`,
    "\tindented",
  ].join("\r\n");
  const { approve } = await atGate({ version: "1", notes });
  const person = sitDown(approve);
  await person.sees(`\n${YES[0]}`);
  for (const steers of ["\u001b[2J", "\u0007", "\u202e"]) expect(person.raw()).not.toContain(steers);
  const shown = person.seen().split("context.notes:\n")[1] ?? "";
  const lines = shown.split("\n").slice(0, -2);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) expect(line).toStartWith("  │ ");
  expect(shown).toContain("\\u001b[2J\\u001b[31mred\\u0007\\u000d");
  person.types("\u0003");
  expect(await person.exited).toBe(1);
});

test.each([
  ["context.notes", "orchestrator show run_1 shows the rest"],
  ["docs/notes.md", "the file is /shop/docs/notes.md"],
  ["changes", "git in /shop shows the rest"],
])("where %s is cut, it says how many bytes there are, and where", (what, where) => {
  const asked = { workflow_name: "W", step_name: "S", visit: 1, ask: "?", since: "then", approval_id: "a", hash: "h" };
  const shown = [{ what, digest: "d", text: "+ä\n- b\n", bytes: 70_000 }];
  const bound = { ...asked, instance_id: "run_1", project: "/shop", shown };
  const plain = boundText(bound, { color: false, width: 80 });
  expect(plain).toContain(`${what}:\n  │ +ä\n  │ - b\n… cut at 8 of 70000 bytes; ${where}. A yes is to all of it.\n`);
  expect(boundText(bound, { color: true, width: 80 }).includes("\u001b[32m+ä\u001b[0m")).toBe(what === "changes");
});

test("anything but yes leaves it waiting", async () => {
  const at = await atGate();
  for (const keys of ["", "y", "no", "\u0003", "\u0004"]) {
    const told = await decide(at.approve, [[YES[0], keys]]);
    expect([keys, told.code]).toEqual([keys, 1]);
    expect(told.seen).toEndWith("Nothing changed.\n");
  }
  expect(await statusOf(at.on, at.run.id)).toMatchObject({ status: "SUSPENDED" });
  expect(await kindsOf(at)).toEqual([]);
});

test("a yes that was typed before it was asked for does not count", async () => {
  const at = await atGate();
  const person = sitDown(at.approve);
  person.types("yes\r");
  await person.sees(YES[0]);
  await Bun.sleep(100); // the one that was typed ahead would have been read by now
  person.types("no\r");
  expect(await person.exited).toBe(1);
  expect(person.seen()).toEndWith("no\nNothing changed.\n");
  expect(await kindsOf(at)).toEqual([]);
});

test("approve and deny are refused through a pipe, and with --json", async () => {
  const at = await atGate();
  for (const words of [at.approve, [...at.deny, "--comment", "no"]]) {
    const piped = sitDown(["-c", 'echo yes | "$@"', "sh", EXECUTABLE, ...words], { executable: "sh" });
    expect(await piped.exited).toBe(1);
    expect(piped.seen()).toContain("Only a person at a terminal decides this");
    const json = await decide([...words, "--json"], []);
    expect(json).toMatchObject({ code: 1, seen: expect.stringContaining("--json is for reading") });
  }
  expect(await kindsOf(at)).toEqual([]);
});

test("a file that changes while it is read: the yes does not count, it is shown anew, and the next yes does", async () => {
  const extras = ["approval:", "  show: [notes.md]"];
  const at = await atGate({}, extras);
  const file = join(at.on.project, "notes.md");
  const person = sitDown(at.approve);
  await person.sees(YES[0]);
  writeFileSync(file, "Something else.\n");
  person.types("yes\r");
  await person.sees("Your yes does not count: notes.md changed");
  await person.sees("Asked again:");
  await person.sees("  │ Something else.\n");
  await person.sees(YES[0]);
  person.types("yes\r");
  expect(await person.exited).toBe(0);
  expect(await kindsOf(at)).toEqual(["void", "approved"]);
});

test("who may not decide it now reads what the run waits for instead, and what to type", async () => {
  const at = await atGate();
  const { on, run } = at;
  await decide(at.approve, [YES]);
  const twice = await decide(at.approve, []);
  expect(twice.seen).toContain("does not wait for that approval (RUNNING: approved at ");
  await decide([...at.deny, "--comment", "no"], [NO]);
  const denied = await decide(at.approve, []);
  expect(denied.seen).toContain('(SUSPENDED: step "Deploy" was denied by cli: no); nothing changed.\n');
  expect(denied.seen).toContain(`orchestrator release ${run.id}`);
  await on.call("cancel_workflow", { instance_id: run.id });
  expect((await decide(at.deny, [])).seen).toContain("does not wait for that approval (CANCELLED); nothing");
});

test("deny asks why, and the run waits for the person; release asks about it again", async () => {
  const at = await atGate();
  const { on, run } = at;
  const told = await decide(at.deny, [[WHY, "not on a Friday"], NO]);
  expect(told.code).toBe(0);
  expect(told.seen).toContain("  │ Deploy 1.2.0?\n");
  expect(told.seen).toContain(`Denied. ${run.id} waits at Deploy for you: orchestrator release ${run.id} asks`);
  expect((await on.call("resume_workflow", { instance_id: run.id })).text).toContain("not on a Friday");
  const released = await decide(["release", run.id, "--db", on.db], [["Type yes: ", "yes"]]);
  expect(released.code).toBe(0);
  expect(released.seen).toContain("not on a Friday");
  expect(released.seen).toEndWith(
    `It waits for your approval: orchestrator approve ${run.id} shows what it is about and asks you.\n`,
  );
  expect((await decide(at.approve, [YES])).seen).toContain("Asked again:");
});

test("deny with a comment leads where the definition says, also after a yes that was not used", async () => {
  const at = await atGate({ version: "1" }, [...SHOWS, "  denied: Rework"]);
  await decide(at.approve, [YES]);
  const told = await decide([...at.deny, "--comment", "no, wait"], [NO]);
  expect(told.code).toBe(0);
  expect(told.seen).toContain('step "Deploy" was approved at ');
  expect(told.seen).toContain("is at Rework, visit 3. Tell the agent");
  const resumed = await at.on.call("resume_workflow", { instance_id: at.run.id });
  expect(resumed.text).toContain("no, wait");
  expect(resumed.data.next_step.step_id).toBe("3-rework");
});

test("a no that is not confirmed, and one whose comment is too long, change nothing", async () => {
  const at = await atGate();
  expect((await decide(at.deny, [[WHY, "\u0003"]])).seen).toEndWith("Nothing changed.\n");
  expect((await decide([...at.deny, "--comment", ""], [[NO[0], "no"]])).seen).toEndWith("Nothing changed.\n");
  const long = await decide([...at.deny, "--comment", "x".repeat(1_001)], []);
  expect(long).toMatchObject({ code: 1, seen: expect.stringContaining("1001 characters; nothing changed") });
  expect(await kindsOf(at)).toEqual([]);
});

test("approvals lists what waits here, and with --all everywhere, as lines and as JSON", async () => {
  const { on, run, approve } = await atGate();
  const list = (...args: string[]) =>
    String(Bun.spawnSync([EXECUTABLE, "approvals", "--db", on.db, ...args], { cwd: on.project }).stdout);
  const line = `${run.id}  RELEASE  Deploy (visit 2)  `;
  expect(list()).toMatch(new RegExp(`^${line.replace(/[()]/g, "\\$&")}\\d{4}-.*Z  Deploy 1\\.2\\.0\\?\n$`));
  expect(list("--project", scratchDir())).toBe("");
  expect(list("--project", scratchDir(), "--all")).toContain(on.project);
  const [first] = JSON.parse(list("--json"));
  expect(first).toMatchObject({ instance_id: run.id, step_name: "Deploy", visit: 2, ask: "Deploy 1.2.0?" });
  await decide(approve, [YES]);
  expect(list()).toBe("");
  expect(JSON.parse(list("--json"))).toEqual([]);
});

test("what waits for no approval is refused before anything is asked, and so are odd words", async () => {
  const { on, run, approve, deny } = await atGate();
  await decide(approve, [YES]);
  await on.call("resume_workflow", { instance_id: run.id });
  for (const words of [approve, [...deny, "--comment", "no"]]) {
    const told = await decide(words, []);
    expect(told).toMatchObject({ code: 1, seen: expect.stringContaining("INVALID_INPUT") });
  }
  for (const command of ["approve", "deny"]) {
    const unknown = await decide([command, "run_none", "--db", on.db], []);
    expect(unknown).toMatchObject({ code: 1, seen: expect.stringContaining("run_none") });
    expect((await decide([command, "--db", on.db], [])).code).toBe(2);
    expect((await decide([command, "a", "b", "--db", on.db], [])).code).toBe(2);
  }
});
