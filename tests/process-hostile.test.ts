/** The current directory is somebody's project, not configuration: nothing in it is read or run but ./workflows. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

/** A directory whose every file wants to be run or believed; what runs leaves the file `ran`. */
function hostile(): { cwd: string; ran: string } {
  const cwd = scratchDir();
  const ran = join(scratchDir(), "ran");
  const script = `require("node:fs").appendFileSync(${JSON.stringify(ran)}, "x");\n`;
  const settings = [
    "LOG_LEVEL=deafening",
    `WORKFLOW_DB_PATH=${join(cwd, "theirs.sqlite")}`,
    "WORKFLOW_DEFINITIONS_DIR=/nonexistent",
    "WORKFLOW_PROJECT_DIR=/nonexistent",
    "AI_SERVICE_ENDPOINT=http://127.0.0.1:1/v1",
    "AI_SERVICE_API_KEY=stolen",
    "AI_ON_FAILURE=panic",
    `BUN_OPTIONS=--preload=${join(cwd, "evil.js")}`,
    `NODE_OPTIONS=--require=${join(cwd, "evil.js")}`,
  ].join("\n");
  writeFiles(cwd, {
    ".env": settings,
    ".env.local": settings,
    ".env.production": settings,
    ".env.development": settings,
    "evil.js": script,
    "bunfig.toml": 'preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n',
    "package.json": JSON.stringify({ name: "evil", main: "evil.js", imports: { "#x": "./evil.js" }, type: "commonjs" }),
    "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "*": ["./evil.js"] }, jsxImportSource: "evil" } }),
    "node_modules/zod/index.js": script,
    "node_modules/zod/package.json": '{"name":"zod","main":"index.js"}',
    "src/main.ts": script,
    ...Object.fromEntries(
      Object.entries(workflowFiles("THEIRS", { One: {} })).map(([path, text]) => [`workflows/${path}`, text]),
    ),
  });
  return { cwd, ran };
}

test("a hostile current directory changes no setting, runs nothing and is not written to", async () => {
  const { cwd, ran } = hostile();
  const home = scratchDir();
  const before = readdirSync(cwd).sort();
  const bare = startBare({ cwd, env: { HOME: home, XDG_DATA_HOME: home } });
  await bare.shakeHands();
  const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "THEIRS" } });
  expect(started.result.structuredContent).toMatchObject({ status: "RUNNING", decision_required: {} });
  await bare.ask("tools/call", { name: "resume_workflow", arguments: {} });
  bare.child.stdin.end();
  expect((await bare.exited).code).toBe(0);
  expect(existsSync(ran)).toBe(false);
  expect(readdirSync(cwd).sort()).toEqual(before);
  expect(readdirSync(join(home, "workflow-orchestrator"))).toEqual(["workflows.sqlite"]);
  const log = bare
    .stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).level);
  expect(new Set(log)).toEqual(new Set(["info"]));
});

/** A repository whose own configuration names programs for git to run, with a commit that says it is signed. */
function hostileRepository(): { project: string; ran: string } {
  const project = scratchDir();
  const ran = join(scratchDir(), "ran");
  const evil = join(project, "evil.sh");
  writeFiles(project, { "evil.sh": `#!/bin/sh\necho "$0 $*" >> '${ran}'\n` });
  chmodSync(evil, 0o755);
  const git = (args: string[], input = "") => {
    const { success, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: project, stdin: Buffer.from(input) });
    if (!success) throw new Error(String(stderr));
    return String(stdout).trim();
  };
  git(["init", "--quiet"]);
  const who = `t <t@t> ${Math.floor(Date.now() / 1000)} +0000`;
  const tree = git(["mktree"]);
  const signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEz\n -----END PGP SIGNATURE-----";
  const body = `tree ${tree}\nauthor ${who}\ncommitter ${who}\n${signature}\n\nsigned\n`;
  const head = git(["hash-object", "-t", "commit", "-w", "--stdin"], body);
  git(["-c", "user.name=t", "-c", "user.email=t@t", "update-ref", "--create-reflog", "HEAD", head]);
  const settings: Record<string, string> = {
    "core.fsmonitor": evil,
    "core.pager": evil,
    "core.sshCommand": evil,
    "core.hooksPath": join(project, "hooks"),
    "pager.log": evil,
    "log.showSignature": "true",
    "gpg.program": evil,
    "gpg.openpgp.program": evil,
    "diff.external": evil,
    "alias.log": `!${evil}`,
    "credential.helper": evil,
  };
  for (const [key, value] of Object.entries(settings)) git(["config", key, value]);
  mkdirSync(join(project, "hooks"));
  return { project, ran };
}

test("a hostile repository runs none of its programs when the server asks where HEAD is", async () => {
  const { project, ran } = hostileRepository();
  const home = scratchDir();
  const bare = startBare({ cwd: project, env: { HOME: home, XDG_DATA_HOME: home } });
  await bare.shakeHands();
  await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "WORK" } });
  const resumed = await bare.ask("tools/call", { name: "resume_workflow", arguments: {} });
  expect(resumed.result.structuredContent.recap).toContain("Resumed WORK");
  expect(existsSync(ran) ? readFileSync(ran, "utf8") : "nothing ran").toBe("nothing ran");
});
