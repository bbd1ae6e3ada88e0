import { describe, expect, test } from "bun:test";
import { workflowText } from "../src/mcp/resources.ts";
import { weakened } from "../src/rules/demands.ts";
import { type Approval, hashWorkflow, type LoadedWorkflow, type Workflow } from "../src/workflow.ts";

function definition(approval?: Approval, name = "Deploy"): LoadedWorkflow {
  const step = { name, slug: "deploy", file: "W/steps/deploy.md", guidance: "g", sections: [], routes: [] };
  const steps = [{ ...step, instructions: "Run the secret script.", ...(approval ? { approval } : {}) }];
  const workflow: Workflow = { name: "W", goal: "", steps };
  return { workflow, hash: hashWorkflow(workflow), trusted: true };
}

describe("a change of approval needs a person", () => {
  const changed = ['another approval of "Deploy"'];
  test.each<[string, Approval | undefined, Approval | undefined, string[]]>([
    ["taken away", {}, undefined, ['no approval of "Deploy"']],
    ["added", undefined, {}, ['a new approval of "Deploy"']],
    ["shows less", { show: [{ kind: "changes" }] }, {}, changed],
    ["asks otherwise", { ask: "Deploy?" }, { ask: "Go?" }, changed],
    ["leads a no elsewhere", { denied: "FAIL" }, {}, changed],
    ["the same", { expires: 60 }, { expires: 60 }, []],
    ["none, as before", undefined, undefined, []],
  ])("%s", (_how, before, now, words) => {
    expect(weakened(definition(before), definition(now))).toEqual(words);
  });

  test("a step that asked and is gone", () => {
    expect(weakened(definition({}), definition(undefined, "Ship"))).toEqual(['step "Deploy" is gone']);
  });
});

test("the text of a workflow leaves out the instructions of a step that a person must approve", () => {
  expect(workflowText(definition({}).workflow)).not.toContain("secret");
  expect(workflowText(definition().workflow)).toContain("secret");
});
