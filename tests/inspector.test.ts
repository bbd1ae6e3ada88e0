/** MCP Inspector's command line, a client that others wrote on a newer SDK, lists and calls the tools over both transports. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { EXECUTABLE } from "./support/executable.ts";
import { serveHttp } from "./support/http.ts";
import { scratchDir } from "./support/workspace.ts";

const INSPECTOR = join(import.meta.dir, "../node_modules/.bin/mcp-inspector");
const TOKEN = "t0ken";

const TARGETS: [transport: string, target: () => Promise<string[]>][] = [
  ["stdio", async () => [EXECUTABLE, "--db", join(scratchDir(), "state.sqlite")]],
  [
    "HTTP with a token",
    async () => {
      const { url } = await serveHttp({ env: { HTTP_AUTH_TOKEN: TOKEN } });
      return [url, "--header", `Authorization: Bearer ${TOKEN}`];
    },
  ],
];

test.each(TARGETS)("Inspector lists the tools over %s", async (_transport, target) => {
  const { code, answer } = await inspect([...(await target()), "--method", "tools/list"]);
  expect(code).toBe(0);
  expect(answer.tools.map(({ name }: { name: string }) => name)).toContain("advance_workflow");
});

test.each(TARGETS)("Inspector starts a workflow over %s", async (_transport, target) => {
  const call = ["--method", "tools/call", "--tool-name", "start_workflow", "--tool-arg", "workflow_name=WORK"];
  const { code, answer } = await inspect([...(await target()), ...call]);
  expect(code).toBe(0);
  expect(answer.structuredContent).toMatchObject({ status: "RUNNING", next_step: { visit: 1 } });
});

/** Runs Inspector with a home of its own: it keeps a directory there. */
async function inspect(args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: scratchDir() };
  const child = Bun.spawn([INSPECTOR, "--cli", ...args], { env, cwd: scratchDir(), stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  if (!output.startsWith("{")) throw new Error(`Inspector ended with ${code}: ${output}${errors}`);
  return { code, answer: JSON.parse(output) };
}
