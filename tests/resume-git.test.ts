/** What a recap says of the project's git HEAD, in a real repository. */
import { expect, test } from "bun:test";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: {} }));

const UNCHANGED = "git HEAD unchanged";
const MOVED = "git HEAD moved";

/** Commits as if at that time: git notes the moves of HEAD to the second. */
function commit(project: string, seconds: number): void {
  const date = new Date(Date.now() + seconds * 1000).toISOString();
  const author = ["-c", "user.name=t", "-c", "user.email=t@t.test"];
  const env = { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const command = ["git", ...author, "commit", "--quiet", "--allow-empty", "-m", "work"];
  const { success, stderr } = Bun.spawnSync(command, { cwd: project, env });
  if (!success) throw new Error(String(stderr));
}

function repository(): string {
  const project = scratchDir();
  Bun.spawnSync(["git", "init", "--quiet"], { cwd: project });
  return project;
}

async function recapIn(project: string, act: () => void): Promise<string> {
  const on = await connect({ workflows, project });
  await advance(on, await startRun(on, "W"));
  act();
  return (await on.call("resume_workflow")).data.recap;
}

test("HEAD that stands where it stood at the last report is unchanged", async () => {
  const project = repository();
  commit(project, -3600);
  const recap = await recapIn(project, () => {});
  expect(recap).toContain(UNCHANGED);
  expect(recap).not.toContain(MOVED);
});

test("a commit after the last report is told, also in a subdirectory of the repository", async () => {
  const project = repository();
  commit(project, -3600);
  writeFiles(project, { "packages/a/file": "" });
  const recap = await recapIn(`${project}/packages/a`, () => commit(project, 2));
  expect(recap).toContain(MOVED);
  expect(recap).not.toContain(UNCHANGED);
});

test("switching to an older commit is told as well", async () => {
  const project = repository();
  commit(project, -7200);
  commit(project, -3600);
  const date = new Date(Date.now() + 2000).toISOString();
  const recap = await recapIn(project, () => {
    const env = { ...process.env, GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@t", GIT_COMMITTER_DATE: date };
    Bun.spawnSync(["git", "switch", "--quiet", "--detach", "HEAD~1"], { cwd: project, env });
  });
  expect(recap).toContain(MOVED);
});

test("without a repository, or without a commit, the recap says nothing of it", async () => {
  expect(await recapIn(scratchDir(), () => {})).not.toContain("git HEAD");
  expect(await recapIn(repository(), () => {})).not.toContain("git HEAD");
});

test("on a machine without git it is told all the same", async () => {
  const project = repository();
  commit(project, -3600);
  const on = await connect({ workflows, project, env: { PATH: scratchDir() } });
  await advance(on, await startRun(on, "W"));
  const told = await on.call("resume_workflow");
  expect(told.text).toContain(UNCHANGED);
});
