/** Texts of agents and authors on the page: whatever stands in them is text, and what would steer or hide is shown. */
import { describe, expect, test } from "bun:test";
import { ago } from "../src/dashboard/ago.ts";
import { AskingCards } from "../src/dashboard/asking.tsx";
import { stateOf } from "../src/dashboard/badge.tsx";
import { Opener } from "../src/dashboard/dialogs.tsx";
import { Drawing } from "../src/dashboard/drawing.tsx";
import { Filters } from "../src/dashboard/filters.tsx";
import { Layout } from "../src/dashboard/layout.tsx";
import { Problems } from "../src/dashboard/problems.tsx";
import { RunRow } from "../src/dashboard/run-row.tsx";
import { StatisticsTable } from "../src/dashboard/statistics.tsx";
import { StepTexts } from "../src/dashboard/step-texts.tsx";
import { Code, Value } from "../src/dashboard/text.tsx";
import { Status } from "../src/instance.ts";
import { TurnKind } from "../src/turn.ts";
import { Workflow } from "../src/workflow.ts";

/** Ends attributes, elements and comments, begins a script, turns the direction of writing, hides. */
const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(1)><!-- &lt; \u202e\u2066\u200b\u0000\u001b[2J`;
const at = "2026-11-27T10:00:00.000Z";
const now = new Date(at);

const run = {
  instance_id: "run_7k3f9q2mxw4d",
  workflow_name: HOSTILE,
  status: "SUSPENDED" as const,
  step_name: HOSTILE,
  visit: 1,
  project: `/${HOSTILE}`,
  created_at: at,
  updated_at: at,
  waiting_for: { kind: "approval" as const },
};
const workflow = Workflow.parse({
  name: HOSTILE,
  goal: HOSTILE,
  steps: [
    {
      name: HOSTILE,
      slug: "step",
      file: HOSTILE,
      guidance: HOSTILE,
      instructions: HOSTILE,
      sections: [{ title: HOSTILE, text: HOSTILE }],
      routes: [{ when: HOSTILE, to: HOSTILE }],
      produces: { [HOSTILE]: { type: "string", description: HOSTILE, enum: [HOSTILE] } },
      approval: { ask: HOSTILE, denied: HOSTILE },
      branches: { uses: [HOSTILE], each: HOSTILE, as: HOSTILE, with: { [HOSTILE]: HOSTILE }, into: HOSTILE },
    },
  ],
});
const step = { visits: 1, median_ms: 1, failures: 0, repeats: 0, refused: 0, corrected: 0, held: 0, waited_ms: 0 };
const counts = { runs: 1, finished: 1, failed: 0, cancelled: 0, live: 0, cut: false, duration_ms: null };

const PARTS: Record<string, () => unknown> = {
  "the row of a run": () => RunRow({ run, now }),
  "a card of what waits": () =>
    AskingCards({ asking: [{ ...run, turn: { of: "person", kind: "approval", since: at, message: HOSTILE } }], now }),
  "the filters": () =>
    Filters({
      query: { workflow: HOSTILE, project: HOSTILE, text: HOSTILE },
      facets: { workflows: [HOSTILE], projects: [] },
    }),
  "problems of a definition": () =>
    Problems({
      problems: [{ code: "X", file: HOSTILE, line: 1, message: HOSTILE, hint: HOSTILE, source: HOSTILE }],
      bad: true,
    }),
  "the texts of steps": () => StepTexts({ workflow }),
  "the drawing of a workflow": () => Drawing({ workflow }),
  "statistics of past runs": () =>
    StatisticsTable({ statistics: { workflow_name: HOSTILE, ...counts, steps: [{ step_name: HOSTILE, ...step }] } }),
  "a value and a program's output": () => [Value({ of: { [HOSTILE]: [HOSTILE] } }), Code({ of: HOSTILE, label: "x" })],
  "the button of an action": () => Opener({ opens: "x", fields: { hash: HOSTILE }, said: HOSTILE, children: "x" }),
  "the frame": () => Layout({ title: HOSTILE, view: null, news: HOSTILE, children: null }),
};

describe("what others wrote is text", () => {
  for (const [name, part] of Object.entries(PARTS)) {
    test(`in ${name}`, async () => {
      const html = (await Promise.all([await part()].flat())).join("");
      expect(html).toContain("alert(1)");
      expect(html).not.toMatch(/<script>|<img src=x|<!--/);
      // Within a tag: it would have to end the attribute first.
      expect(html).not.toContain(`"'>`);
      // What a form sends stays as it is.
      expect(html.replace(/ value="[^"]*"/g, "")).not.toMatch(/(?![\t\n])[\p{Cf}\p{Cc}]/u);
    });
  }
});

test("each state of a run has a word", () => {
  const kinds = [null, ...TurnKind.options.map((kind) => ({ kind }))];
  const words = Status.options.flatMap((status) => kinds.map((waiting_for) => stateOf({ status, waiting_for }).word));
  expect(words.filter((word) => !/^[a-z][a-z: ]+$/.test(word))).toEqual([]);
});

test.each([
  [0, "just now"],
  [9_999, "just now"],
  [10_000, "10 s ago"],
  [3 * 60_000, "3 min ago"],
  [-5_000, "now"],
  [-2 * 3_600_000, "in 2 h"],
])("%d ms after a time it is %s", (passed, words) => {
  expect(ago(at, now.getTime() + passed)).toBe(words);
});
