/** What the page says of a run: whose turn it is and until when, how it ended, what a person can do; rendered alone. */
import { expect, test } from "bun:test";
import { AskingCards } from "../src/dashboard/asking.tsx";
import { AskingBranches } from "../src/dashboard/asking-branches.tsx";
import { stateOf } from "../src/dashboard/badge.tsx";
import { Ended } from "../src/dashboard/ended.tsx";
import { Standing } from "../src/dashboard/standing.tsx";
import { HistoryEntry, Instance } from "../src/instance.ts";
import { Turn } from "../src/turn.ts";
import { exactly } from "../src/words.ts";
import { Workflow } from "../src/workflow.ts";

const at = "2026-11-27T10:00:00.000Z";
const now = new Date("2026-11-27T10:02:00.000Z");
const later = "2026-11-27T12:02:00.000Z";

const workflow = Workflow.parse({
  name: "RELEASE",
  goal: "x",
  steps: [
    {
      name: "Build",
      slug: "build",
      file: "build.md",
      guidance: "",
      instructions: "",
      sections: [],
      routes: [],
      run: { kind: "run", text: "make all", words: ["make", "all"], timeout: 300 },
    },
  ],
});
const report = { step_id: "1-build", status: "failure", error: "the port is taken" };
const base = {
  instance_id: "run_7k3f9q2mxw4d",
  version: 1,
  workflow_name: "RELEASE",
  definition: "d",
  trusted: true,
  project: "/shop",
  branch: null,
  status: "RUNNING",
  step_name: "Build",
  visit: 1,
  visit_started_at: at,
  visits: {},
  notes: 0,
  baseline: null,
  waived: [],
  head: null,
  context: {},
  assumptions: [],
  unattended: false,
  pending: null,
  last_seq: 1,
  last_report_at: null,
  created_at: at,
  updated_at: at,
  completed_at: null,
};
const turn = (of: string, kind: string, more = {}) => ({ of, kind, since: at, ...more });
const kept = (asked: boolean) => ({ report, context_updates: {}, received_at: at, asked });

/** The words of it, without marks. */
async function wordsOf(part: unknown): Promise<string> {
  const html = String(await part);
  return html
    .replace(/<(?=(?:p|h2)\b)/g, " <")
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .replaceAll("&quot;", '"')
    .trim();
}

test.each([
  ["the agent", { turn: turn("agent", "step") }, "The agent works on it, for 2 min"],
  ["the agent, for a time", { turn: turn("agent", "step", { until: later }) }, "for 2 min. Its time is over in 2 h"],
  ["the agent in the server's place", { turn: turn("agent", "step", { unchecked: "not allowed" }) }, "not allowed"],
  [
    "the agent, to choose",
    { turn: turn("agent", "step"), pending: kept(true) },
    "has to choose what follows its report",
  ],
  ["the model", { turn: turn("agent", "step"), pending: kept(false) }, "is kept: failure, the port is taken"],
  ["the clock", { turn: turn("clock", "time", { until: later }) }, "waits for the clock, and is handed out in 2 h"],
  ["the server", { turn: turn("server", "server_step") }, "The server runs make all, for 2 min"],
  [
    "the server, again and again",
    { turn: turn("server", "server_step", { until: later, message: "exited with 8" }) },
    "runs it again: exited with 8, for 2 min. The server looks again in 2 h",
  ],
  [
    "a person",
    { turn: turn("person", "deadline", { message: "no report came" }) },
    "It waits: no report came, for 2 min",
  ],
])("whose turn it is: %s", async (_, state, words) => {
  const instance = Instance.parse({ ...base, ...state });
  expect(await wordsOf(Standing({ snapshot: { instance, workflow }, now }))).toContain(words);
});

test.each([
  ["FAILED", "FAIL", "Failed at Build the port is taken 2 min ago, by mcp:x/1, by rule: otherwise"],
  ["CANCELLED", "Build", "Cancelled at Build"],
])("a run that is %s says where and why at its top", async (status, next_step, words) => {
  const decision = { next_step, decided_by: "route", reasoning: "otherwise", status };
  const entry = { seq: 1, kind: "visit", visit: 1, step_id: "1-build", step_name: "Build", report, decision };
  const whole = { ...entry, context_patch: {}, actor: "mcp:x/1", definition: "d", started_at: at, ended_at: at };
  const instance = Instance.parse({ ...base, status, turn: null, completed_at: at });
  expect(await wordsOf(Ended({ instance, history: [HistoryEntry.parse(whole)], now }))).toContain(words);
});

test("only what can be decided offers it: a run that needs a release leads to its page", async () => {
  const card = (kind: string) => {
    const { branch: _, ...root } = base;
    const asking = {
      ...root,
      status: "SUSPENDED" as const,
      waiting_for: { kind: "paused" as const },
      turn: Turn.parse(turn("person", kind)),
    };
    return wordsOf(AskingCards({ asking: [asking], now }));
  };
  expect(await card("approval")).toContain("Decide");
  expect(await card("deadline")).not.toContain("Decide");
});

test("what goes on by itself says so in the list", () => {
  const words = ["time", "server_step"] as const;
  const said = words.map((kind) => stateOf({ status: "RUNNING", waiting_for: { kind } }).word);
  expect(said).toEqual(["waits for the clock", "the server works"]);
});

test("a single day is one", () => {
  expect([86_400, 172_800, 3_600].map(exactly)).toEqual(["1 day", "2 days", "1 h"]);
});

test("a run names those of its branches that wait for a person", async () => {
  const branch = { workflow_name: "PART", step_name: "Judge", visit: 2, item: "money.js" };
  const shown = (status: "RUNNING" | "SUSPENDED", number: number) => ({
    ...branch,
    number,
    instance_id: `run_${number}`,
    status,
    waiting_for: { kind: "approval" as const, since: at },
  });
  expect(await wordsOf(AskingBranches({ shown: [shown("RUNNING", 1), shown("SUSPENDED", 2)] }))).toBe(
    "Branch 2, money.js waits: approval",
  );
  expect(AskingBranches({ shown: [shown("RUNNING", 1)] })).toBeNull();
});
