/** A scratch directory with a two-step loop, a project and a database file, for servers that are harmed or measured. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Server, startServer, type Transport } from "./server.ts";

export const WORKFLOW = "ROUND";

export interface Room {
  path: string;
  db: string;
  /** Of the executable, to serve here. */
  args: string[];
  serve(executable: string, how: { transport: Transport; env?: Record<string, string> }): Promise<Server>;
  dispose(): void;
}

export function createRoom(): Room {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "orchestrator-torture-")));
  const db = join(path, "state", "runs.sqlite");
  const project = join(path, "project");
  for (const directory of ["state", "project", `workflows/${WORKFLOW}/steps`]) {
    mkdirSync(join(path, directory), { recursive: true });
  }
  for (const [file, text] of Object.entries(definition())) writeFileSync(join(path, "workflows", WORKFLOW, file), text);
  const args = ["serve", "--db", db, "--project", project, "--workflows", join(path, "workflows")];
  return {
    path,
    db,
    args,
    serve: (executable, { transport, env = {} }) =>
      startServer({ command: [executable, ...args], transport, cwd: project, env: { LOG_LEVEL: "warn", ...env } }),
    dispose: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The `step_id` of a visit. */
export function stepIdAt(visit: number): string {
  return `${visit}-${visit % 2 ? "left" : "right"}`;
}

/** Left and Right in turns; a failure at Left ends it. */
function definition(): Record<string, string> {
  const step = (name: string, routes: string) =>
    `# Orchestrator Guidance\n\nGo to the other side.\n\n# Client Instructions\n\nDo ${name}.\n\n# Routes\n\n${routes}\n`;
  return {
    "index.md": `# ${WORKFLOW}\n\n## Goal\n\nTo and fro.\n\n## Steps\n\n1. [Left](steps/left.md)\n2. [Right](steps/right.md)\n`,
    "steps/left.md": step("Left", '- `report.status == "failure"` → FINISH\n- otherwise → Right'),
    "steps/right.md": step("Right", "- otherwise → Left"),
  };
}
