/** A person's no, as routes decide it. */
import { describe, expect, test } from "bun:test";
import type { Question } from "../src/decider.ts";
import { createRoutesDecider } from "../src/routes/routes-decider.ts";
import type { Route } from "../src/workflow.ts";
import { sampleQuestion } from "./support/question.ts";

const about = (when: string, to: string): Route => ({ when, to, about: "approval" });
const plain = (when: string | null, to: string): Route => ({ when, to });

async function decide(routes: Route[], more: Partial<Question> = {}, next?: string[]) {
  const question = sampleQuestion();
  const step = { ...question.step, routes, ...(next ? { next } : {}) };
  const verdict = await createRoutesDecider().decide({ ...question, ...more, step }, {});
  return "decision" in verdict ? verdict.decision.next_step : verdict;
}

const denied = { comment: "not before Monday" };

describe("a no", () => {
  test.each<[string, Route[], string]>([
    ["the route that is true", [about("approval.comment == ''", "Test"), about("approval.denied", "Repair")], "Repair"],
    ["by its comment", [about("approval.comment.contains('Monday')", "Repair"), plain(null, "Deploy")], "Repair"],
    ["past routes about other things", [plain("true", "Deploy"), about("approval.denied", "Repair")], "Repair"],
    ["by what is known of the run", [about("approval.denied && !unattended && visits == 1", "Repair")], "Repair"],
    ["whatever a report would say", [about("report.status == 'success' || approval.denied", "Repair")], "Repair"],
  ])("goes %s", async (_, routes, to) => {
    expect(await decide(routes, { denied })).toBe(to);
  });

  test.each<[string, Route[], string[] | undefined]>([
    ["otherwise", [plain(null, "Deploy")], undefined],
    ["a single next", [], ["Deploy"]],
    ["a route that is true of anything", [plain("true", "Deploy")], undefined],
    ["a route about a yes", [about("!approval.denied", "Deploy")], undefined],
  ])("is not carried forward by %s", async (_, routes, next) => {
    expect(await decide(routes, { denied }, next)).toEqual({ passed: [] });
  });

  test("sees no report, as if it were unset", async () => {
    const routes = [about("report.status == 'success' && approval.denied", "Deploy")];
    expect(await decide(routes, { denied })).toEqual({ passed: [expect.stringContaining("No such key: status")] });
  });
});

test("a report goes along any route, and nobody said no", async () => {
  const routes = [about("approval.denied || approval.comment != ''", "Repair")];
  expect(await decide([...routes, plain(null, "Deploy")])).toBe("Deploy");
  expect(await decide([about("!approval.denied && report.status == 'success'", "Deploy")])).toBe("Deploy");
});
