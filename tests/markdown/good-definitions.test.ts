/** What authors may write, and what becomes of it. */
import { describe, expect, test } from "bun:test";
import { hashWorkflow } from "../../src/workflow.ts";
import { parseIndexWith, routedStep, STEP, workflowOf } from "./support.ts";

const AB = "- [A](a.md)\n- [B](b.md)\n";

/** [what, index.md, goal, "name → file" of each step] */
const INDEXES: [string, string, string, string[]][] = [
  ["a goal and steps under their headings", `# W\n## Goal\nGet it.\n## Steps\n${AB}`, "Get it.", ["A", "B"]],
  ["other names of the headings", `# OVERALL goal:\nGet it.\n# high-level PLAN :\n${AB}`, "Get it.", ["A", "B"]],
  ["setext headings", `Goal\n====\nGet it.\n\nSteps\n-----\n${AB}`, "Get it.", ["A", "B"]],
  ["formatted headings", `# **Goal**\nGet it.\n# \`Steps\` #\n${AB}`, "Get it.", ["A", "B"]],
  ["no headings at all", `Get it.\n\n${AB}`, "Get it.", ["A", "B"]],
  ["only a title", `# W\n\nGet it.\n\nSoon.\n\n${AB}\nThe end.\n`, "Get it.\n\nSoon.", ["A", "B"]],
  ["no goal", `# Steps\n${AB}`, "", ["A", "B"]],
  ["an empty goal", `# Goal\n\n# Steps\n${AB}`, "", ["A", "B"]],
  ["a goal that ends at the step list", `# Goal\nGet it.\n${AB}`, "Get it.", ["A", "B"]],
  [
    "a goal with headings of its own",
    `# Goal\nGet it.\n## Not\nThat.\n## Steps\n${AB}`,
    "Get it.\n## Not\nThat.",
    ["A", "B"],
  ],
  ["a goal after the steps", `# Steps\n${AB}\n# Goal\n\nGet it.\n`, "Get it.", ["A", "B"]],
  ["a text before the list, no goal heading", `# W\nGet it.\n\n# Steps\nIn order:\n${AB}`, "Get it.", ["A", "B"]],
  ["links outside the steps section", `- [B](b.md)\n# Steps\n- [A](a.md)\n# More\n- [B](b.md)\n`, "", ["A"]],
  ["a higher heading that ends the steps", "# W\n## Steps\n- [A](a.md)\n# More\n- [B](b.md)\n", "", ["A"]],
  ["a deeper heading inside the steps", "# Steps\n- [A](a.md)\n## Then\n- [B](b.md)\n", "", ["A", "B"]],
  ["both names of the steps", "# High-Level Plan\n- [A](a.md)\n# Steps\n- [B](b.md)\n", "", ["A", "B"]],
  [
    "a heading in a code fence",
    `# Goal\n~~~\n# Steps\n- [X](x.md)\n~~~\n# Steps\n${AB}`,
    "~~~\n# Steps\n- [X](x.md)\n~~~",
    ["A", "B"],
  ],
  ["any bullet", "1) [A](a.md)\n2) [B](b.md)\n\n* [C](a.md)\n\n+ [D](b.md)\n", "", ["A", "B", "C", "D"]],
  ["task list items", "# Steps\n- [ ] [A](a.md)\n\n- [x] [B](b.md)\n", "", ["A", "B"]],
  [
    "text around the link",
    '# Steps\n1. First do **[A](a.md)**: it is easy\n2. [B](b.md "title"), see https://x.test\n',
    "",
    ["A", "B"],
  ],
  [
    "nested lists, in document order",
    "# Steps\n1. [A](a.md)\n   1. [B](b.md)\n      - [C](a.md)\n2. [D](b.md)\n",
    "",
    ["A", "B", "C", "D"],
  ],
  [
    "items that are no steps",
    "# Steps\n- Prepare\n  - [A](a.md)\n- [B](b.md)\n  - see [the manual](https://x.test) or [notes](notes.txt)\n",
    "",
    ["A", "B"],
  ],
  ["a list in a quotation", "# Steps\n> 1. [A](a.md)\n> 2. [B](b.md)\n", "", ["A", "B"]],
  ["reference-style links", "# Steps\n- [A][1]\n- [B]\n\n[1]: a.md\n[b]: <b.md> 'title'\n", "", ["A", "B"]],
  [
    "formatted link texts",
    "- [**Run** the `unit  tests`\n  &amp; _more_ &#x41; <b>now</b> \\*](a.md)\n",
    "",
    ["Run the unit tests & more A now *"],
  ],
  ["an image as link text", "- [![Build it](i.png)](a.md)\n", "", ["Build it"]],
  ["code that looks like a link", "- `[X](x.md)`\n- [A](a.md)\n", "", ["A"]],
  [
    "links with a scheme, without a steps heading",
    "- [web](https://x.test/x.md)\n\n1. [A](a.md)\n",
    "- [web](https://x.test/x.md)",
    ["A"],
  ],
];

describe("index.md", () => {
  for (const [what, index, goal, names] of INDEXES) {
    test(`understands ${what}`, () => {
      const workflow = workflowOf(parseIndexWith(index));
      expect({ goal: workflow.goal, names: workflow.steps.map(({ name }) => name) }).toEqual({ goal, names });
    });
  }

  const TARGETS: [string, string][] = [
    ["a.md", "W/a.md"],
    ["./steps/../a.md", "W/a.md"],
    ["<steps/c d.md>", "W/steps/c d.md"],
    ["steps/c%20d.md", "W/steps/c d.md"],
    ["a.md#section", "W/a.md"],
    ["a.md?plain=1", "W/a.md"],
    ["../SHARED/s.md", "SHARED/s.md"],
    ["100%.md", "W/100%.md"],
    ["gr%C3%BCn.MD", "W/grün.MD"],
    ["r%26d.md", "W/r&d.md"],
    ["r&amp;d.md", "W/r&d.md"],
  ];
  for (const [target, file] of TARGETS) {
    test(`follows the link target ${target}`, () => {
      const files = { "W/100%.md": STEP, "W/grün.MD": STEP, "W/r&d.md": STEP };
      expect(workflowOf(parseIndexWith(`- [A](${target})\n`, files)).steps[0]?.file).toBe(file);
    });
  }

  test("two links to one file with different names are two steps", () => {
    const { steps } = workflowOf(parseIndexWith("- [Run Tests](a.md)\n- [Run Tests Again](a.md)\n"));
    expect(steps.map(({ name, slug, file }) => [name, slug, file])).toEqual([
      ["Run Tests", "run-tests", "W/a.md"],
      ["Run Tests Again", "run-tests-again", "W/a.md"],
    ]);
  });
});

/** [what, the step's text, what of the step is expected] */
const STEPS: [string, string, object][] = [
  [
    "any case and spaces",
    "#  ORCHESTRATOR   guidance\ng\n# clientInstructions:\ni\n",
    { guidance: "g", instructions: "i" },
  ],
  [
    "setext headings",
    "Orchestrator Guidance\n===\ng\n\nClient Instructions\n===\n\ni\n",
    { guidance: "g", instructions: "i" },
  ],
  [
    "no line break at the end",
    "# Orchestrator Guidance\ng\n# Client Instructions\ni",
    { guidance: "g", instructions: "i" },
  ],
  [
    "sections, kept in order and verbatim",
    `<!-- Preface. -->\n\n***\n# Goal\n\n\n    indented  \n\n* x\n\n${STEP}# Context *Expectations*\n## Deeper\nd\n# Empty\n`,
    {
      guidance: "Go on.",
      instructions: "Do it.",
      sections: [
        { title: "Goal", text: "    indented  \n\n* x" },
        { title: "Context Expectations", text: "## Deeper\nd" },
        { title: "Empty", text: "" },
      ],
    },
  ],
  [
    "headings that are text: in fences, HTML comments, lists and quotations, of other levels",
    "# Orchestrator Guidance\ng\n```\n# Client Instructions\n```\n<!--\n# Goal\n-->\n# Client Instructions\n- a\n\n  # Goal\n> # Routes\n\n    # Goal\n## Routes\n",
    {
      guidance: "g\n```\n# Client Instructions\n```\n<!--\n# Goal\n-->",
      instructions: "- a\n\n  # Goal\n> # Routes\n\n    # Goal\n## Routes",
      sections: [],
      routes: [],
    },
  ],
  [
    "a fence that is never closed",
    `# Orchestrator Guidance\ng\n# Client Instructions\n~~~\n# Routes\n`,
    { instructions: "~~~\n# Routes", routes: [] },
  ],
  [
    "template values as they are",
    "# Orchestrator Guidance\ng\n# Client Instructions\n{{ context.a }} &amp; *b*\n",
    { instructions: "{{ context.a }} &amp; *b*" },
  ],
];

describe("a step", () => {
  for (const [what, text, expected] of STEPS) {
    test(`may have ${what}`, () => {
      expect(workflowOf(parseIndexWith("- [A](a.md)\n", { "W/a.md": text })).steps[0]).toMatchObject(expected);
    });
  }

  for (const [what, change] of [
    ["a byte-order mark", (text: string) => `\uFEFF${text}`],
    ["CRLF line ends", (text: string) => text.replaceAll("\n", "\r\n")],
    ["CR line ends", (text: string) => text.replaceAll("\n", "\r")],
  ] as const) {
    test(`means the same with ${what}`, () => {
      const index = `# Goal\nGet it.\n\nSoon.\n# Steps\n${AB}`;
      const text = routedStep("- `visits > 1` → B", "- otherwise → A");
      const plain = workflowOf(parseIndexWith(index, { "W/a.md": text }));
      const changed = workflowOf(parseIndexWith(change(index), { "W/a.md": change(text) }));
      expect(hashWorkflow(changed)).toBe(hashWorkflow(plain));
    });
  }
});

/** [list items, the route that they become] */
const ROUTES: [string, { when: string | null; to: string }][] = [
  ["- `report.status == 'success'` → B", { when: "report.status == 'success'", to: "B" }],
  ["1. `visits >= 3`->FINISH", { when: "visits >= 3", to: "FINISH" }],
  ["* otherwise → B", { when: null, to: "B" }],
  ["- **Otherwise** -> B", { when: null, to: "B" }],
  ["- `otherwise` → B", { when: null, to: "B" }],
  ["- **`visits > 1`** → [B](b.md)", { when: "visits > 1", to: "B" }],
  ["- ``context.x == '`->`'`` → **Step** `C`", { when: "context.x == '`->`'", to: "Step C" }],
  ["- `visits > 1 &&\n  visits < 3` → B", { when: "visits > 1 && visits < 3", to: "B" }],
  ["- `visits < 2` → A → B", { when: "visits < 2", to: "A → B" }],
  ["- otherwise → R &amp; D &#65;", { when: null, to: "R & D A" }],
];

describe("# Routes", () => {
  for (const [item, route] of ROUTES) {
    test(`understands ${JSON.stringify(item)}`, () => {
      const index = "- [A](a.md)\n- [B](b.md)\n- [Step C](b.md)\n- [A → B](b.md)\n- [R & D A](b.md)\n";
      expect(workflowOf(parseIndexWith(index, { "W/a.md": routedStep(item) })).steps[0]?.routes).toEqual([route]);
    });
  }

  test("keeps the order, and lets comments stand around the list", () => {
    const text = routedStep(
      "<!-- Tried in order: -->",
      "- `visits > 1` → B",
      "",
      "<!--",
      "- `x` → Nowhere",
      "-->",
      "- otherwise → A",
    );
    const { routes } = workflowOf(parseIndexWith(AB, { "W/a.md": text })).steps[0] ?? {};
    expect(routes).toEqual([
      { when: "visits > 1", to: "B" },
      { when: null, to: "A" },
    ]);
  });
});
