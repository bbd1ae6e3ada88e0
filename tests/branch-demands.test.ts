/** What a person must allow when a run that uses other workflows moves to newer files. */
import { expect, test } from "bun:test";
import { weakened } from "../src/rules/demands.ts";
import { hashWorkflow, type LoadedWorkflow, type Step, type Used, type Workflow } from "../src/workflow.ts";

const CHECK = { kind: "file", path: "a.md" } as const;

function definition(step: Partial<Step>, more: Partial<Workflow> = {}, trusted = true): LoadedWorkflow {
  const bare = { name: "S", slug: "s", file: "W/s.md", guidance: "", instructions: "", sections: [], routes: [] };
  const workflow: Workflow = { name: "W", goal: "", steps: [{ ...bare, ...step }], ...more };
  return { workflow, hash: hashWorkflow(workflow), trusted };
}

const used = (
  name: string,
  step: Partial<Step>,
  more: Partial<Workflow> = {},
  trusted?: boolean,
): Record<string, Used> => {
  const { workflow, hash } = definition(step, { ...more, name });
  return { [name]: { workflow, hash, ...(trusted === undefined ? {} : { trusted }) } };
};
const uses = (...names: string[]): Partial<Step> => ({ branches: { uses: names } });
const withB = (step: Partial<Step>, trusted?: boolean) => definition(uses("B"), { used: used("B", step, {}, trusted) });
const withC = (step: Partial<Step>) => definition(uses("B"), { used: used("B", uses("C"), { used: used("C", step) }) });

const OTHER = ['another uses of "S"'];
const cases: [string, LoadedWorkflow, LoadedWorkflow, string[]][] = [
  ["uses is added", definition({}), definition(uses("B")), OTHER],
  ["uses is taken away", definition(uses("B")), definition({}), OTHER],
  ["another is used", definition(uses("B")), definition(uses("C")), OTHER],
  ["one more is used", definition(uses("B")), definition(uses("B", "C")), OTHER],
  [
    "the same is used, otherwise",
    definition(uses("B")),
    definition({ branches: { uses: ["B"], max_parallel: 3 } }),
    [],
  ],
  ["a used one lost a check", withB({ checks: [CHECK] }), withB({}), ['in "B": check file a.md of "S"']],
  ["a used one got a check", withB({}), withB({ checks: [CHECK] }), []],
  ["one further down lost a check", withC({ checks: [CHECK] }), withC({}), ['in "C": check file a.md of "S"']],
  [
    "a used one got a program",
    withB({}),
    withB({ run: { kind: "command", name: "make", timeout: 300 } }),
    ['in "B": another run of "S"'],
  ],
  ["a used one asks a person", withB({}), withB({ approval: {} }), ['in "B": a new approval of "S"']],
  ["a used one uses another", withB({}), withB(uses("X")), ['in "B": another uses of "S"']],
  [
    "nobody trusts a used one any more",
    withB({ checks: [CHECK] }),
    withB({ checks: [CHECK] }, false),
    ['in "B": nothing would be checked or run where these files are'],
  ],
  [
    "nobody trusts any of them any more",
    withB({ checks: [CHECK] }),
    { ...withB({ checks: [CHECK] }), trusted: false },
    ['in "B": nothing would be checked or run where these files are'],
  ],
  ["less must be there at the end", definition({}, { outputs: { a: {} } }), definition({}), ["outputs a"]],
  [
    "something else must be",
    definition({}, { outputs: { a: {} } }),
    definition({}, { outputs: { a: { type: "string" } } }),
    ["outputs a"],
  ],
  ["more must be", definition({}), definition({}, { outputs: { a: {} } }), []],
];
test.each(cases)("a newer definition in which %s", (_, earlier, later, words) => {
  expect(weakened(earlier, later)).toEqual(words);
});
