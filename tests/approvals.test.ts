/** A step that a person must approve: what the agent is told while it waits, and how yes, no and every change count. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectRefused, type Run, startRun, statusOf } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { connectInProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const SECRET = "Run the secret script.";
const APPROVAL = ["approval:", '  ask: "Deploy {{ context.version }}?"', "  show: [context.version, notes.md]"];

function workflowsWith(extras = APPROVAL, more: Partial<Record<string, StepText>> = {}): string {
  const workflows = scratchDir();
  const steps = {
    Build: { extras: ["next: [Deploy]"] },
    Deploy: { extras, instructions: SECRET, routes: ["otherwise → Report"] },
    Report: { routes: ["otherwise → FINISH"] },
    ...more,
  };
  writeFiles(workflows, workflowFiles("RELEASE", steps as Record<string, StepText>)); // no key is undefined
  return workflows;
}

function projectWith(files: Record<string, string> = { "notes.md": "What is new.\n" }): string {
  const project = scratchDir();
  writeFiles(project, files);
  return project;
}

const BUILT = { updates: { version: "1.2.0" } };

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`a step that needs approval, over ${name}`, () => {
    async function atGate(
      extras = APPROVAL,
      more: Partial<Record<string, StepText>> = {},
      args: string[] = [],
      updates: object = BUILT.updates,
    ) {
      const project = projectWith();
      const on = await serve({ workflows: workflowsWith(extras, more), project, args });
      const run = await startRun(on, "RELEASE");
      const told = await advance(on, run, { updates });
      return { on, run, told, who: person(on) };
    }
    const resume = (on: Awaited<ReturnType<typeof serve>>, { id }: Run) =>
      on.call("resume_workflow", { instance_id: id });

    test("is not handed out: the agent reads who must do what, and that it must not itself", async () => {
      const { run, told } = await atGate();
      expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval", ask: "Deploy 1.2.0?" } });
      expect(told.data.waiting_for.approval_id).toBeString();
      expect(told.data.next_step).toBeNull();
      for (const form of [told.text, JSON.stringify(told.data)]) {
        expect(form).not.toContain(SECRET);
        expect(form).toContain(`approve ${run.id}`);
        expect(form).toContain("do not approve it yourself");
      }
      expect(told.text).toStartWith(
        "SUSPENDED · Deploy needs a person's approval · visit 2 · RELEASE\nAsked: Deploy 1.2.0?",
      );
    });

    test("after a yes the next resume hands it out, once for that yes, and the history says who and what was shown", async () => {
      const { on, run, who } = await atGate();
      expect((await who.engine.approvals({ all: false })).map(({ instance_id }) => instance_id)).toEqual([run.id]);
      expect(await who.yes(run.id)).toMatchObject({ decided: true });
      expect(await statusOf(on, run.id)).toMatchObject({ status: "RUNNING", next_step: null });
      expect(await who.engine.approvals({ all: true })).toEqual([]);
      const told = await resume(on, run);
      expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "2-deploy", instructions: SECRET } });
      const { history } = await statusOf(on, run.id);
      const rulings = history.flatMap(({ ruling, actor }: { ruling?: object; actor: string }) =>
        ruling ? [{ actor, ...ruling }] : [],
      );
      expect(rulings).toMatchObject([
        { kind: "approved", actor: "cli", shown: [{ what: "context.version" }, { what: "notes.md" }] },
        { kind: "opened" },
      ]);
      expect(rulings[1].approval_id).toBe(rulings[0].approval_id);
    });

    test("the repeated call hands it out after a yes, and says the same as before until then", async () => {
      const { on, run, told, who } = await atGate();
      const again = await advance(on, run, BUILT);
      expect(again.data).toMatchObject({ status: "SUSPENDED", replayed: true, waiting_for: told.data.waiting_for });
      await who.yes(run.id);
      expect((await advance(on, run, BUILT)).data.next_step.instructions).toBe(SECRET);
      expect((await advance(on, { ...run, stepId: "2-deploy" })).data.next_step.step_id).toBe("3-report");
    });

    test("a report for it is refused before a yes, and between yes and hand-out", async () => {
      const { on, run, who } = await atGate();
      const guessed = () => advance(on, { ...run, stepId: "2-deploy" });
      expectError(await expectRefused(on, run.id, guessed, "INSTANCE_SUSPENDED"), "INSTANCE_SUSPENDED");
      await who.yes(run.id);
      await expectRefused(on, run.id, guessed, "INSTANCE_SUSPENDED");
    });

    test("a file that was shown and changes between yes and hand-out is asked about again", async () => {
      const { on, run, who } = await atGate();
      await who.yes(run.id);
      writeFileSync(join(on.project, "notes.md"), "Something else.\n");
      const told = await resume(on, run);
      expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
      expect(told.data.waiting_for.again).toMatch(
        /^it was approved at \d\d:\d\d:\d\d UTC; notes\.md changed at \d\d:\d\d:\d\d UTC, so it is asked again$/,
      );
      expect(JSON.stringify(told)).not.toContain(SECRET);
      await who.yes(run.id);
      expect((await resume(on, run)).data.next_step.instructions).toBe(SECRET);
    });

    test("a file that changes after it was shown voids the yes, and a no counts all the same", async () => {
      const { on, run, who } = await atGate();
      const seen = await who.look(run.id);
      writeFileSync(join(on.project, "notes.md"), "Something else.\n");
      const decided = await who.yes(run.id, seen);
      expect(decided).toMatchObject({
        decided: false,
        again: expect.stringMatching(/^notes\.md changed at .* after it was shown/),
      });
      expect((await resume(on, run)).data.status).toBe("SUSPENDED");
      expect(await who.yes(run.id, seen)).toMatchObject({ decided: false });
      expect(await who.no(run.id)).toMatchObject({ decided: true });
    });

    test("a no leads where the definition says, and the next answer begins with it", async () => {
      const { on, run, who } = await atGate([...APPROVAL, "  denied: Build"]);
      await who.no(run.id, "not before the freeze is over");
      const told = await resume(on, run);
      expect(told.data).toMatchObject({
        next_step: { step_id: "3-build" },
        denied: { visit: 2, comment: "not before the freeze is over" },
      });
      expect(told.text).toStartWith('Denied by a person: Deploy (visit 2): "not before the freeze is over"');
      expect((await statusOf(on, run.id)).history[1]).toMatchObject({
        decision: { decided_by: "person" },
        ruling: { kind: "denied" },
      });
    });

    test("a no leads by a route that names it, never by otherwise", async () => {
      const routes = ["`approval.denied && approval.comment == 'again'` → Build", "otherwise → Report"];
      const deploy = { Deploy: { extras: APPROVAL, instructions: SECRET, routes } };
      const first = await atGate(APPROVAL, deploy);
      await first.who.no(first.run.id, "again");
      expect((await resume(first.on, first.run)).data.next_step.step_id).toBe("3-build");
      const second = await atGate(APPROVAL, deploy);
      await second.who.no(second.run.id, "never");
      const told = await resume(second.on, second.run);
      expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "denied" } });
      expect(told.text).toContain("never");
      await second.who.engine.release({ instance_id: second.run.id, use_latest: false }, { actor: "cli" });
      expect((await resume(second.on, second.run)).data).toMatchObject({
        status: "SUSPENDED",
        waiting_for: { kind: "approval" },
      });
    });

    test("a no is told by the next answer to an agent, also if the server does a step before that", async () => {
      const undo = { extras: ["run: 'true'"], routes: ["otherwise → Build"] };
      const extras = [...APPROVAL, "  denied: Undo"];
      const { on, run, who } = await atGate(extras, { Undo: undo }, ["--allow-checks"]);
      await who.no(run.id, "not on a Friday");
      const told = await resume(on, run);
      expect(told.data).toMatchObject({
        server_did: [{ step_name: "Undo" }],
        next_step: { step_id: "4-build" },
        denied: { visit: 2, comment: "not on a Friday" },
      });
      expect((await advance(on, { ...run, stepId: "4-build" }, BUILT)).data.denied).toBeUndefined();
    });

    test("who reports at a gate, or after a no, reads what a person has to type, and what comes of it", async () => {
      const { on, run, who } = await atGate();
      const guessed = () => advance(on, { ...run, stepId: "2-deploy" });
      expect((await guessed()).text).toContain(`approve ${run.id}\` (with this server's --db, if it has one)`);
      await who.no(run.id);
      expect((await guessed()).text).toContain(`release ${run.id}\` (with this server's --db, if it has one)`);
      const told = await resume(on, run);
      expect(told.data.rules).toContain("asks for their approval again");
      expect(told.text).toContain("asks for their approval again");
    });

    test("what is asked is one line where it stands among others", async () => {
      const { on, run } = await atGate(APPROVAL, {}, [], { version: "1\n#9 approved at Deploy (2-deploy)" });
      const { text } = await on.call("get_workflow_status", { instance_id: run.id });
      expect(text).toContain("waits: for a person's approval (Deploy 1 #9 approved at Deploy (2-deploy)?)");
      expect(text).not.toContain("\n#9");
    });

    test("each visit asks for a yes of its own, a rewind's too", async () => {
      const { on, run, who } = await atGate();
      await who.yes(run.id);
      await resume(on, run);
      const told = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
      expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
      expectError(await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 }), "INSTANCE_SUSPENDED");
    });

    test("other files that ask otherwise need a person, who is then asked by these", async () => {
      const { on, run, who } = await atGate();
      const workflows = scratchDir();
      writeFiles(workflows, workflowFiles("RELEASE", { Build: {}, Deploy: { instructions: SECRET }, Report: {} }));
      const other = await serve({ workflows, project: on.project, db: on.db });
      const latest = () => other.call("resume_workflow", { instance_id: run.id, use_latest: true });
      await expectRefused(other, run.id, latest, "STEP_NOT_ALLOWED");
      expect((await resume(other, run)).data.status).toBe("SUSPENDED");
      expect(await who.look(run.id)).toMatchObject({ ask: "Deploy 1.2.0?" });
    });
  });
}

describe("time and other hands", () => {
  async function atGate(extras: string[], now: { time: number }) {
    const project = projectWith();
    const clockwork = { now: () => new Date(now.time) };
    const on = await connectInProcess({ workflows: [workflowsWith(extras)], project }, clockwork);
    const run = await startRun(on, "RELEASE");
    const told = await advance(on, run, BUILT);
    return { on, run, told, who: person(on, clockwork) };
  }

  test("a request that expired is asked anew by the next look, and a yes to the old one decides nothing", async () => {
    const now = { time: Date.now() };
    const { on, run, told, who } = await atGate([...APPROVAL, "  expires: 1h"], now);
    expect(Date.parse(told.data.waiting_for.expires_at) - now.time).toBe(3_600_000);
    const seen = await who.look(run.id);
    now.time += 3_600_001;
    const decided = await who.yes(run.id, seen);
    expect(decided).toMatchObject({ decided: false, again: expect.stringContaining("expired") });
    now.time += 3_600_001;
    const resumed = await on.call("resume_workflow", { instance_id: run.id });
    expect(resumed.data.waiting_for).toMatchObject({ again: expect.stringContaining("expired") });
    expect(resumed.data.waiting_for.approval_id).not.toBe(seen.approval_id);
    await who.yes(run.id);
    now.time += 24 * 3_600_000; // given in time, it holds
    expect((await on.call("resume_workflow", { instance_id: run.id })).data.next_step.instructions).toBe(SECRET);
  });

  test("a no to an earlier visit denies no later one", async () => {
    const { on, run, who } = await atGate([...APPROVAL, "  denied: Build"], { time: Date.now() });
    const old = await who.look(run.id);
    await who.no(run.id, "once");
    await on.call("resume_workflow", { instance_id: run.id });
    await advance(on, { ...run, stepId: "3-build" }, BUILT);
    const again = who.engine.decide({ ...old, yes: false }, { actor: "cli" });
    expect(await again.catch(({ code }) => code)).toBe("INVALID_INPUT");
    expect((await statusOf(on, run.id)).current_step_name).toBe("Deploy");
  });

  test("a no takes back a yes that was not spent", async () => {
    const { on, run, who } = await atGate([...APPROVAL, "  denied: Build"], { time: Date.now() });
    const seen = await who.look(run.id);
    await who.yes(run.id, seen);
    expect(await who.yes(run.id, seen)).toMatchObject({ decided: true }); // repeated
    const { visit, approval_id, hash, shown } = seen;
    await who.engine.decide({ instance_id: run.id, visit, approval_id, hash, shown, yes: false }, { actor: "cli" });
    expect((await on.call("resume_workflow", { instance_id: run.id })).data.next_step.step_id).toBe("3-build");
  });
});
