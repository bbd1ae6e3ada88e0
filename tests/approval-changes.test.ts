/** A yes that is bound to the project's changes since the run began: through the executable, in a real repository. */
import { describe, expect, test } from "bun:test";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { advance, startRun } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { person } from "./support/person.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("RELEASE", {
    Build: { extras: ["next: [Deploy]"] },
    Deploy: { extras: ["approval: {ask: 'Deploy?', show: [changes, notes.md]}"], routes: ["otherwise → FINISH"] },
  }),
);

function git(project: string, ...args: string[]): void {
  const author = ["-c", "user.name=t", "-c", "user.email=t@t.test"];
  const { success, stderr } = Bun.spawnSync(["git", ...author, ...args], { cwd: project });
  if (!success) throw new Error(String(stderr));
}

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    async function atGate() {
      const project = scratchDir();
      git(project, "init", "--quiet");
      writeFiles(project, { "src/a.ts": "a\n", "notes.md": "New.\n", "mine.ts": "before the run\n" });
      git(project, "add", "src", "notes.md");
      git(project, "commit", "--quiet", "-m", "all");
      const on = await open({ workflows, project });
      const run = await startRun(on, "RELEASE");
      writeFiles(project, { "src/b.ts": "b\n" });
      const told = await advance(on, run);
      expect(told.data.status).toBe("SUSPENDED");
      const resume = () => on.call("resume_workflow", { instance_id: run.id });
      return { on, project, run, who: person(on), resume };
    }

    test("shows what the run changed and no more, and a commit of it leaves the yes as it is", async () => {
      const { project, run, who, resume } = await atGate();
      const { shown } = await who.look(run.id);
      const stat = " src/b.ts | 1 +\n 1 file changed, 1 insertion(+)";
      expect(shown).toMatchObject([
        { what: "changes", stat },
        { what: "notes.md", text: "New.\n" },
      ]);
      expect((await who.yes(run.id)).decided).toBe(true);
      git(project, "add", "--all");
      git(project, "commit", "--quiet", "-m", "more");
      expect((await resume()).data.next_step.step_name).toBe("Deploy");
    });

    test.each([
      ["src/a.ts", { "src/a.ts": "other\n" }],
      ["new.ts", { "new.ts": "new\n" }],
      ["notes.md", { "notes.md": "Newer.\n" }],
    ])("asks again if %s is edited between the yes and the hand-out", async (file, edit) => {
      const { project, run, who, resume } = await atGate();
      const seen = await who.look(run.id);
      await who.yes(run.id, seen);
      writeFiles(project, edit);
      const told = await resume();
      expect([told.data.status, told.data.next_step]).toEqual(["SUSPENDED", null]);
      expect((await who.look(run.id)).again).toMatch(new RegExp(`; ${file} changed at .*, so it is asked again$`));
    });

    test("what it kept is for this user alone, and goes with the run", async () => {
      const { on, project, run } = await atGate();
      const kept = join(`${on.db}.files`, run.id);
      expect(existsSync(join(kept, "changes.git/found"))).toBe(true);
      expect(statSync(kept).mode & 0o777).toBe(0o700);
      await on.call("cancel_workflow", { instance_id: run.id, reason: "no" });
      rmSync(project, { recursive: true });
      const args = ["prune", "--older-than", "0m", "--db", on.db];
      expect(Bun.spawnSync([EXECUTABLE, ...args], { cwd: scratchDir(), stderr: "pipe" }).exitCode).toBe(0);
      expect(existsSync(kept)).toBe(false);
    });
  });
}
