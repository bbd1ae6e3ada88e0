/** What a model may answer: every form of it ends in a decision, in one repair turn, or with the agent, and no report is lost. */
import { expect, test } from "bun:test";
import {
  type Behaviour,
  body,
  choiceText,
  chooses,
  type FakeEndpoint,
  lastWords,
  page,
  says,
  sends,
} from "./support/endpoint.ts";
import { connectTo, endpointThat, type ModelRun, startModelRun, startOn } from "./support/model-run.ts";

const GOOD = choiceText("Test");
const without = (field: string) => {
  const { [field]: _left, ...rest } = JSON.parse(GOOD);
  return JSON.stringify(rest);
};

const USABLE: [what: string, answer: Behaviour][] = [
  ["bare JSON", says(GOOD)],
  ["pretty JSON with blank lines around it", says(`\n\n${JSON.stringify(JSON.parse(GOOD), null, 2)}\n`)],
  ["prose around JSON", says(`Sure! Here is my decision:\n\n${GOOD}\n\nLet me know if you need more.`)],
  ["a code fence", says(`\`\`\`json\n${GOOD}\n\`\`\``)],
  ["a code fence amid prose", says(`I think:\n\`\`\`\n${GOOD}\n\`\`\`\nDone.`)],
  ["braces in strings", chooses("Test", { reasoning: 'The log ends with "}" and then "{".' })],
  ["prose with an open brace before it", says(`The block {of the report is odd.\n${GOOD}`)],
  ["prose with another object before it", says(`The report {"status":"success"} means: ${GOOD}`)],
  ["a draft in its thoughts", says(`<think>Perhaps ${choiceText("Deploy")}? No.</think>\n${GOOD}`)],
  ["reasoning in another language", chooses("Test", { reasoning: "构建成功，测试下一步。 Тесты!" })],
  ["a step's file name", chooses("test.md")],
  ["a step's name in another case, with spaces", chooses("  test ")],
  ["a whole answer that ended at the limit", says(GOOD, { finish_reason: "length" })],
  ["no reasoning", says(without("reasoning"))],
  ["no updated_context", says(without("updated_context"))],
  ["no status_suggestion", says(without("status_suggestion"))],
  ["reasoning that is no text", chooses("Test", { reasoning: 7 as unknown as string })],
  ["updated_context that is no list", chooses("Test", { updated_context: "nothing" })],
  ["a status_suggestion of its own", chooses("Test", { status_suggestion: "GREAT" })],
  ["a field too many", says(JSON.stringify({ ...JSON.parse(GOOD), confidence: 0.9 }))],
];

const FAULTY: [what: string, answer: Behaviour, named: RegExp][] = [
  ["a cut-off answer", says(GOOD.slice(0, 50), { finish_reason: "length" }), /cut off/],
  ["half an answer", says(GOOD.slice(0, 50)), /JSON/],
  ["another language alone", says("Der nächste Schritt ist, alles zu testen."), /JSON/],
  ["empty content", says(""), /empty/],
  ["spaces", says(" \n "), /empty/],
  ["no content", says(null), /empty/],
  ["no choices", sends({ choices: [] }), /empty|choices/],
  ["choices that are none", sends({ choices: null }), /empty|choices/],
  ["an unknown step", chooses("Launch"), /"Launch".*Test, Repair/],
  ["a step's name in another language", chooses("Prüfen"), /Prüfen.*Test, Repair/],
  ["no step", says(without("next_step_name")), /next_step_name/],
  ["a number for a step", chooses(7), /next_step_name/],
  ["a list of steps", chooses(["Test", "Deploy"]), /next_step_name/],
  ["null for a step", chooses(null), /next_step_name/],
  ["a list around the answer", says(`[1, 2, 3]`), /object/],
  ["JSON that is no object", says(`"Test"`), /JSON/],
  ["a dangerous key", chooses("Test", { updated_context: [{ key: "__proto__", value: { x: 1 } }] }), /__proto__/],
  [
    "a NUL in an update",
    chooses("Test", { updated_context: [{ key: "log", value: "x\0" }] }),
    /updated_context.log.*NUL/,
  ],
  ["half of a character", chooses("Test", { reasoning: "so \ud83d" }), /reasoning holds half/],
  ["updates without end", chooses("Test", { updated_context: [{ key: "log", value: "x".repeat(20_000) }] }), /bytes/],
  ["a huge answer", says("x".repeat(900_000)), /JSON/],
];

/** Each row on a run of its own, all on one server; what is found stands under the row's name, so that a diff names it. */
async function judgeAll<Row extends [what: string, answer: Behaviour, ...rest: unknown[]]>(
  rows: Row[],
  look: (run: ModelRun, endpoint: FakeEndpoint, row: Row) => Promise<object>,
  env: Record<string, string> = {},
): Promise<Record<string, object>> {
  const endpoint = endpointThat();
  const on = await connectTo(endpoint, { env });
  const found: Record<string, object> = {};
  for (const row of rows) {
    endpoint.asked.length = 0;
    endpoint.behave(row[1]);
    found[row[0]] = await look(await startOn(on), endpoint, row);
  }
  return found;
}

function allBe(rows: [what: string, ...rest: unknown[]][], outcome: object): Record<string, object> {
  return Object.fromEntries(rows.map(([what]) => [what, outcome]));
}

const REPORT = { details: "built", updates: { artefact: "a.tgz" } };

test("an answer that can be understood decides at once", async () => {
  const found = await judgeAll(USABLE, async (run, endpoint) => {
    const { data } = await run.report(REPORT);
    const by = data.decision?.decided_by ?? data.decision_required?.notes.join();
    return { by, step: data.next_step.step_name, requests: endpoint.chats().length };
  });
  expect(found).toEqual(allBe(USABLE, { by: "model", step: "Test", requests: 1 }));
});

test("an answer that cannot be used is asked for once more, the fault named", async () => {
  const found = await judgeAll(FAULTY, async (run, endpoint, [_what, answer, named]) => {
    endpoint.behave(answer, chooses("Test"));
    const { data } = await run.report(REPORT);
    const [first, second] = endpoint.chats().map((each) => each.body);
    const same = Bun.deepEquals(second?.messages.slice(0, 2), first?.messages);
    const words = second ? lastWords(second) : "";
    return {
      by: data.decision?.decided_by,
      step: data.next_step.step_name,
      requests: endpoint.chats().length,
      same,
      fault: named.test(words) ? "named" : words.slice(0, 200),
      brief: JSON.stringify(second).length < 40_000,
      context: (await run.status()).context,
    };
  });
  const mended = { by: "model", step: "Test", requests: 2, same: true, fault: "named", brief: true };
  expect(found).toEqual(allBe(FAULTY, { ...mended, context: { artefact: "a.tgz" } }));
});

test("an answer that cannot be used twice leaves the choice to the agent, who is told why", async () => {
  const found = await judgeAll(FAULTY, async (run, endpoint, [_what, _answer, named]) => {
    const told = await run.report(REPORT);
    const notes: string = told.data.decision_required?.notes.join() ?? "none";
    const { pending_report, status, current_step_name } = await run.status();
    const chosen = await run.report({ next_step: "Test" });
    const { report, decision } = await run.last();
    return {
      at: [told.isError, told.data.next_step.step_id, status, current_step_name],
      candidates: told.data.decision_required?.candidates,
      why: named.test(notes) && named.test(told.text) ? "told" : notes,
      kept: [pending_report?.report["details"], pending_report?.context_updates],
      after: [decision?.decided_by, chosen.data.next_step.step_name, report?.details, chosen.data.current_context],
      requests: endpoint.chats().length,
    };
  });
  const kept = { artefact: "a.tgz" };
  const asked = {
    at: [false, "1-build", "RUNNING", "Build"],
    candidates: ["Test", "Repair", "Build", "Deploy", "FINISH"],
    why: "told",
    kept: ["built", kept],
    after: ["agent", "Test", "built", kept],
    requests: 2,
  };
  expect(found).toEqual(allBe(FAULTY, asked));
});

test("with AI_ON_FAILURE=error it is an error, and the same call decides once the model is well", async () => {
  const look = async (run: ModelRun, endpoint: FakeEndpoint) => {
    const { isError, data } = await run.report(REPORT);
    const { pending_report, current_step_name } = await run.status();
    endpoint.behave(chooses("Test"));
    const told = await run.report(REPORT);
    const { history, context } = await run.status();
    return {
      error: [isError, data.error_code, data.retryable],
      kept: [pending_report?.report["details"], pending_report?.asked, current_step_name],
      after: [told.data.decision?.decided_by, told.data.next_step?.step_name, history.length, context],
    };
  };
  const found = await judgeAll(FAULTY, look, { AI_ON_FAILURE: "error" });
  const error = [true, "AI_SERVICE_ERROR", true];
  const after = ["model", "Test", 1, { artefact: "a.tgz" }];
  expect(found).toEqual(allBe(FAULTY, { error, kept: ["built", false, "Build"], after }));
});

/** Replies that are no answers, or are not to be mended: the reader of the note must understand why. */
const HOPELESS: [what: string, answer: Behaviour, named: RegExp, requests: number][] = [
  ["a refusal", says(null, { refusal: "I cannot help with that." }), /refused: I cannot help with that/, 1],
  ["a web page", page, /HTML|no completion|not JSON|no answer|text\/html/i, 2],
  ["null for a completion", body("null"), /empty|no completion|not JSON|no answer/i, 2],
  ["an empty body", body(""), /empty|no completion|not JSON|no answer/i, 2],
  ["half a body", body('{"choices": ['), /JSON/, 2],
  ["a list for a completion", body("[]"), /empty|no completion|not JSON|no answer/i, 2],
  ["an error with status 200", body('{"error":{"message":"quota exceeded"}}'), /quota exceeded/, 2],
];

test.each(HOPELESS)("%s leaves the choice to the agent, in words that a person understands", async (...row) => {
  const [_what, answer, named, most] = row;
  const endpoint = endpointThat(answer);
  const run = await startModelRun(endpoint);
  const told = await run.report(REPORT);
  expect(told.data.next_step.step_id).toBe("1-build");
  expect(told.data.decision_required.notes.join()).toMatch(named);
  expect(told.text).not.toMatch(/undefined|is not an object|\[object/);
  expect(endpoint.chats().length).toBeLessThanOrEqual(most);
  expect((await run.status()).pending_report?.report).toMatchObject({ details: "built" });
});

test("a degenerate answer does not keep the server from its callers", async () => {
  const run = await startModelRun(endpointThat(says("{".repeat(40_000) + "}".repeat(40_000))));
  const began = performance.now();
  const { data } = await run.report(REPORT);
  expect(data.decision_required.candidates).toContain("Test");
  expect(performance.now() - began).toBeLessThan(1_000);
});
