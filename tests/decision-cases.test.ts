/** The script that compares models: its cases fit the shipped workflows, and it counts right, over a fake endpoint. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { CASES, questionOf, shippedWorkflows } from "../scripts/decision-cases.ts";
import {
  type Behaviour,
  type ChatBody,
  candidatesIn,
  chooses,
  fails,
  failsBriefly,
  promptText,
  says,
} from "./support/endpoint.ts";
import { endpointThat, modelEnv } from "./support/model-run.ts";

const SCRIPT = join(import.meta.dir, "../scripts/decision-cases.ts");

async function runScript(env: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, SCRIPT], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** The case that a prompt is about: by its workflow, its step and its report. */
function caseIn(body: ChatBody) {
  const prompt = promptText(body);
  const found = CASES.find(({ workflow, step, visits, report }) => {
    const said = report.error ?? String(report.details);
    const at = `# Current step: ${step} (visit ${visits} of`;
    return prompt.includes(`# Workflow ${workflow}\n`) && prompt.includes(at) && prompt.includes(said.slice(0, 20));
  });
  if (!found) throw new Error(`no case fits:\n${prompt}`);
  return found;
}

const judgesWell: Behaviour = (body) => {
  const { accept } = caseIn(body);
  const fits = candidatesIn(body).find((name) => accept.includes(name));
  return chooses(fits)(body);
};

test("there are at least 30 cases over the six workflows, each with an answer that may follow", async () => {
  const workflows = await shippedWorkflows();
  expect(CASES.length).toBeGreaterThanOrEqual(30);
  expect(new Set(CASES.map((each) => each.workflow))).toEqual(new Set(workflows.keys()));
  for (const each of CASES) {
    const { choice } = questionOf(each, workflows);
    for (const name of each.accept)
      expect({ case: each.about, guided: choice.guided }).toMatchObject({ guided: expect.arrayContaining([name]) });
  }
  const names = CASES.map(({ workflow, step, about }) => `${workflow} ${step} ${about}`);
  expect(new Set(names).size).toBe(names.length);
});

test("every step that routes leave to judgement has at least three cases with different answers", async () => {
  for (const [name, workflow] of await shippedWorkflows()) {
    for (const step of workflow.steps.filter(({ routes }) => !routes.some((route) => route.when === null))) {
      const answers = CASES.filter((each) => each.workflow === name && each.step === step.name).flatMap(
        (each) => each.accept,
      );
      expect(new Set(answers).size, `${name} · ${step.name}`).toBeGreaterThanOrEqual(3);
    }
  }
});

test("a model that judges well has 100 %, and everything was asked once", async () => {
  const endpoint = endpointThat(judgesWell);
  const { code, stdout, stderr } = await runScript(modelEnv(endpoint));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.match(/^✓ /gm)).toHaveLength(CASES.length);
  expect(stdout).toContain("fake-model by json_schema");
  expect(stdout).toContain(`accuracy   ${CASES.length} of ${CASES.length} (100 %)`);
  expect(stdout).toContain(`tokens     ${1200 * CASES.length} in, ${34 * CASES.length} out`);
  expect(stdout).toMatch(/latency +\d+ ms median, \d+ ms at 90 %, \d+ ms longest/);
  expect(stdout).toMatch(/added +\d+\.\d ms median/);
  expect(endpoint.chats()).toHaveLength(CASES.length);
  expect(stdout).not.toContain("sk-test-key");
});

test("a model that always takes the first candidate has the share that it deserves, and each miss is explained", async () => {
  const first: Behaviour = (body) => chooses(candidatesIn(body)[0], { reasoning: "It stood first." })(body);
  const workflows = await shippedWorkflows();
  const good = CASES.filter((each) => each.accept.includes(questionOf(each, workflows).choice.candidates[0] ?? ""));
  const { code, stdout } = await runScript(modelEnv(endpointThat(first)));
  expect(code).toBe(0);
  expect(good.length).toBeLessThan(CASES.length);
  expect(stdout).toContain(`accuracy   ${good.length} of ${CASES.length} `);
  expect(stdout.match(/wanted .+; it says: It stood first\./g)).toHaveLength(CASES.length - good.length);
});

test("a case that could not be asked makes it exit 1; the others are asked all the same", async () => {
  const { code, stdout } = await runScript(modelEnv(endpointThat(judgesWell, fails(404), judgesWell)));
  expect(code).toBe(1);
  expect(stdout.match(/^✓ /gm)).toHaveLength(CASES.length - 1);
  expect(stdout).toMatch(/^! .+\n +not asked: .*404/m);
  expect(stdout).toContain(`not asked  1 of ${CASES.length}`);
});

test("an endpoint that is down, or talks nonsense, is given up after two cases", async () => {
  for (const behaviour of [failsBriefly(503), says("I would rather not.")]) {
    const { code, stdout } = await runScript(modelEnv(endpointThat(behaviour)));
    expect(code).toBe(1);
    expect(stdout.match(/^! /gm)).toHaveLength(2);
    expect(stdout).toContain(`not asked  ${CASES.length} of ${CASES.length}`);
  }
});

test("without a configured endpoint it says what to set", async () => {
  const { code, stderr } = await runScript({});
  expect(code).toBe(1);
  expect(stderr).toContain("AI_SERVICE_ENDPOINT");
});
