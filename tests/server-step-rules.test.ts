/** What the rules make of FAIL, and of a definition that lets the server run other programs: pure functions, no run. */
import { describe, expect, test } from "bun:test";
import { candidatesAfter, mayFollow } from "../src/decision.ts";
import type { Instance } from "../src/instance.ts";
import { weakened } from "../src/rules/demands.ts";
import { refuseStep } from "../src/rules/refusals.ts";
import { hashWorkflow, resolveStepName, type Step, type Workflow } from "../src/workflow.ts";

function stepOf(name: string, extras: Partial<Step> = {}): Step {
  const texts = { guidance: "Then Ship.", instructions: "i", sections: [], routes: [] };
  return { name, slug: name.toLowerCase(), file: `W/${name}.md`, ...texts, ...extras };
}

function workflowOf(...steps: Step[]): Workflow {
  return { name: "W", goal: "", steps };
}

const TO_FAIL = [{ when: "visits > 2", to: "FAIL" }];

describe("FAIL", () => {
  const cases: [string, Partial<Step>, string[], string[]][] = [
    ["nothing names it", {}, ["Test", "Ship", "FINISH"], ["Ship", "Test", "FINISH"]],
    ["a route names it", { routes: TO_FAIL }, ["Test", "Ship", "FINISH", "FAIL"], ["Ship", "Test", "FINISH"]],
    ["next names it", { next: ["Ship", "FAIL"] }, ["Ship", "FAIL"], ["Ship", "FAIL"]],
    ["next does not name it", { next: ["Ship"] }, ["Ship"], ["Ship"]],
    [
      "only the guidance names it",
      { guidance: "Ship, else FAIL." },
      ["Test", "Ship", "FINISH"],
      ["Ship", "Test", "FINISH"],
    ],
  ];
  test.each(cases)("may follow, and is offered, as it should if %s", (_, extras, follow, offered) => {
    const step = stepOf("Test", extras);
    const workflow = workflowOf(step, stepOf("Ship"));
    expect(mayFollow(workflow, step)).toEqual(follow);
    expect(candidatesAfter(workflow, step).candidates).toEqual(offered);
    // refuseStep reads no other fields.
    const instance = { step_name: "Test", visit: 1 } as Instance;
    const refusal = () => refuseStep(workflow, instance, "FAIL");
    if (follow.includes("FAIL")) expect(refusal).not.toThrow();
    else expect(refusal).toThrow("may not follow");
  });

  test("of a run that began when steps could bear that name is that step", () => {
    const workflow = workflowOf(stepOf("Test", { routes: TO_FAIL }), stepOf("FAIL"));
    const [first] = workflow.steps;
    if (!first) throw new Error("it has steps");
    expect(mayFollow(workflow, first)).toEqual(["Test", "FAIL", "FINISH"]);
    expect(candidatesAfter(workflow, first).candidates).toEqual(["FAIL", "Test", "FINISH"]);
    expect(resolveStepName(workflow, "FAIL")).toBe("FAIL");
  });

  test.each([
    ["FAIL", "FAIL"],
    ["fail", "FAIL"],
    [" Finish ", "FINISH"],
    ["fails", undefined],
  ])("%j means %p", (text, meant) => {
    expect(resolveStepName(workflowOf(stepOf("Test")), text)).toBe(meant);
  });

  test("in other letters means a step that is called so", () => {
    const workflow = workflowOf(stepOf("Fail"), stepOf("Finish"));
    expect(["fail", "finish", "FAIL", "FINISH"].map((text) => resolveStepName(workflow, text))).toEqual([
      "Fail",
      "Finish",
      "FAIL",
      "FINISH",
    ]);
  });
});

describe("use_latest", () => {
  const run = { kind: "run" as const, text: "make", words: ["make"], timeout: 300 };
  const loaded = (trusted: boolean, ...steps: Step[]) => {
    const workflow = workflowOf(...steps);
    return { workflow, hash: hashWorkflow(workflow), trusted };
  };
  const plain = stepOf("Test");
  const served = stepOf("Test", { run, until_passes: { every: 1, at_most: 2 } });
  const cases: [string, Step[], Step[], string[]][] = [
    ["nothing changed", [served], [served], []],
    ["a program is added", [plain], [stepOf("Test", { run })], ['another run of "Test"']],
    ["a step with a program is added", [plain], [plain, stepOf("Other", { run })], ['another run of "Other"']],
    ["the program takes longer", [served], [{ ...served, run: { ...run, timeout: 9 } }], ['another run of "Test"']],
    ["it runs as often as never before", [stepOf("Test", { run })], [served], ['another until_passes of "Test"']],
    ["the agent does it", [stepOf("Test", { run })], [plain], ['another run of "Test"']],
    ["the step is gone", [served], [stepOf("Other")], ['step "Test" is gone']],
    [
      "sets, a wait and a deadline change",
      [served],
      [{ ...served, sets: { a: "exit_code" }, wait: 1, deadline: { after: 1 } }],
      [],
    ],
  ];
  test.each(cases)("is judged well if %s", (_, before, after, words) => {
    expect(weakened(loaded(true, ...before), loaded(true, ...after))).toEqual(words);
  });

  test("is refused if a program would not be run any more", () => {
    const words = weakened(loaded(true, served), loaded(false, served));
    expect(words).toEqual(["nothing would be checked or run where these files are"]);
  });
});
