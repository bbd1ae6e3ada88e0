/**
 * What the model's rung adds to a call beyond the endpoint's own time: one run on the compiled executable goes to and fro
 * between a step that a model judges, at an endpoint that answers at once, and a step that has a route. Also the size of
 * the prompt against the workflow's files, and how much of it two decisions share. `bun scripts/bench/model-path.ts`
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { buildPrompt } from "../../src/openai/prompt.ts";
import { chooses, startEndpoint } from "../../tests/support/endpoint.ts";
import { CASES, questionOf, shippedWorkflows } from "../decision-cases.ts";

const ROOT = join(import.meta.dir, "../..");
const ROUNDS = 60;
const WARM_UP = 5;
const FILES = {
  "index.md": "# Steps\n\n1. [To](to.md)\n2. [Fro](fro.md)\n",
  "to.md": "# Orchestrator Guidance\n\nGo to Fro.\n\n# Client Instructions\n\nDo it.\n",
  "fro.md": "# Orchestrator Guidance\n\nGo to To.\n\n# Client Instructions\n\nDo it.\n\n# Routes\n\n- otherwise → To\n",
};

const times = await measureAdvances();
const model = median(times.map((each) => each.model));
const route = median(times.map((each) => each.route));
const endpoint = median(times.map((each) => each.endpoint));
console.table([
  {
    "advance by model, ms": round(model),
    "advance by route, ms": round(route),
    "endpoint itself, ms": round(endpoint),
  },
]);
console.log(
  `added by the model's rung: ${round(median(times.map((each) => each.model - each.endpoint)) - route)} ms (median of ${times.length})\n`,
);
console.table(await promptSizes());

async function measureAdvances(): Promise<{ model: number; route: number; endpoint: number }[]> {
  const cwd = mkdtempSync(join(tmpdir(), "orchestrator-bench-"));
  mkdirSync(join(cwd, "FRO"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(cwd, "FRO", name), text);
  const fake = startEndpoint([chooses("Fro")]);
  const transport = new StdioClientTransport({
    command: join(ROOT, "dist/orchestrator"),
    args: ["serve", "--db", join(cwd, "state.sqlite"), "--workflows", cwd, "--project", cwd],
    env: { AI_SERVICE_ENDPOINT: fake.url, AI_MODEL: "fake-model", LOG_LEVEL: "error" },
    cwd,
  });
  const client = new Client({ name: "bench", version: "1" });
  await client.connect(transport);
  const call = async (name: string, args: Record<string, unknown>) => {
    const began = performance.now();
    const { structuredContent } = await client.callTool({ name, arguments: args });
    const told = structuredContent as { instance_id: string; next_step: { step_id: string } }; // a step answer
    return { told, ms: performance.now() - began };
  };
  let { told } = await call("start_workflow", { workflow_name: "FRO" });
  const advance = () => {
    const report = { step_id: told.next_step.step_id, status: "success", details: "done and verified: exit code 0" };
    return call("advance_workflow", { instance_id: told.instance_id, report });
  };
  const taken: { model: number; route: number; endpoint: number }[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const byModel = await advance();
    told = byModel.told;
    const byRoute = await advance();
    told = byRoute.told;
    const itself = fake.asked.at(-1)?.tookMs ?? Number.NaN;
    if (round >= WARM_UP) taken.push({ model: byModel.ms, route: byRoute.ms, endpoint: itself });
  }
  await client.close();
  await fake.close();
  rmSync(cwd, { recursive: true });
  return taken;
}

/** Of the cases of each workflow: the longest prompt, and the least that two of them share. */
async function promptSizes() {
  const workflows = await shippedWorkflows();
  return Promise.all(
    [...workflows.keys()].map(async (workflow) => {
      const cases = CASES.filter((each) => each.workflow === workflow).map((each) => questionOf(each, workflows));
      const prompts = await Promise.all(cases.map(async (each) => buildPrompt(each, await each.recent())));
      const texts = prompts.map(({ system, user }) => `${system}\n${user}`);
      const files = charactersOf(workflow);
      const longest = Math.max(...texts.map((text) => text.length));
      const shared = texts.flatMap((a, at) =>
        texts.slice(at + 1).map((b) => commonPrefix(a, b) / Math.max(a.length, b.length)),
      );
      return {
        workflow,
        "files, characters": files,
        "longest prompt": longest,
        "share of the files": `${Math.round((100 * longest) / files)} %`,
        "least common prefix": `${Math.round(100 * Math.min(...shared))} %`,
      };
    }),
  );
}

function charactersOf(workflow: string): number {
  const directory = join(ROOT, "workflows", workflow);
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  return files.map((file) => readFileSync(join(directory, file), "utf8")).join("").length;
}

function commonPrefix(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(ms: number): number {
  return Number(ms.toFixed(2));
}
