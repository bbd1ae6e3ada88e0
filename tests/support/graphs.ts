/** Workflows to be drawn, made without files. */
import fc from "fast-check";
import { FAIL, FINISH, type Step, type Workflow } from "../../src/workflow.ts";

/** A step that nothing is said of but this. */
export function stepOf(name: string, extras: Partial<Step> = {}): Step {
  const empty = { guidance: "Go on.", instructions: "Do it.", sections: [], routes: [] };
  return { name, slug: "step", file: "W/a.md", ...empty, ...extras };
}

export function workflowOf(steps: Step[], name = "W"): Workflow {
  return { name, goal: "Get it done.", steps };
}

/** What breaks a drawing if it is not escaped: markup, Mermaid's syntax, what turns text round or steers a terminal. */
export const HOSTILE = [
  '<script>alert("1")</script>',
  "</text></svg><img src=x onerror=alert(1)>",
  "]]>-->&lt;&amp;",
  'a"] --> b["c',
  "end",
  "%%{init: {}}%%",
  "x\n  click y href",
  "#quot;#35;`md`",
  "\u202egnp.exe\u0000\u001b[31m\u2028",
  "｛長い名前の工程｝👩‍👩‍👧",
  " ",
  "__proto__",
  "constructor",
  "half \ud83d",
  "l".repeat(300),
];

const nameOf = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ minLength: 1, unit: "binary" }),
  fc.string({ minLength: 1 }),
);
const names = fc.uniqueArray(nameOf, { minLength: 1, maxLength: 8 });

/** Any workflow of a few steps: any names, any ways. */
export const anyWorkflow: fc.Arbitrary<Workflow> = names.chain((steps) => {
  const to = fc.constantFrom(...steps, FINISH, FAIL);
  const route = fc.record({ when: fc.option(nameOf), to });
  const extras = fc.record(
    {
      routes: fc.array(route, { maxLength: 4 }),
      next: fc.uniqueArray(to, { minLength: 1, maxLength: 3 }),
      guidance: fc.constantFrom(...steps),
      max_visits: fc.constant(3),
      wait: fc.constant(90),
      deadline: fc.record({ after: fc.constant(60), then: to }),
      approval: fc.record({ denied: to }),
      branches: fc.record({ uses: fc.tuple(nameOf), each: fc.constant("context.all") }),
    },
    { requiredKeys: [] },
  );
  return fc.tuple(...steps.map((name) => extras.map((each) => stepOf(name, each)))).map((all) => workflowOf(all));
});
