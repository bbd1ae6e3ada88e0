/** Arguments: what is refused names its path and changes nothing; what a client sends a little differently is understood. */
import { expect, test } from "bun:test";
import { advance, expectError, expectRefused, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: { routes: ["otherwise → One"] } }),
});

/** As JSON.parse reads it: an own key, not the prototype. */
const PROTO = JSON.parse('{"__proto__":{"admin":true}}');

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { in: nested(depth - 1) };
}

type Args = Record<string, unknown>;

const REFUSED: [what: string, tool: string, args: Args, said: string][] = [
  ["no workflow_name", "start_workflow", {}, "workflow_name is missing"],
  ["an empty one", "start_workflow", { workflow_name: "" }, "workflow_name is empty"],
  ["a long one", "start_workflow", { workflow_name: "W".repeat(201) }, "workflow_name is longer than 200 characters"],
  ["a null where a value is required", "start_workflow", { workflow_name: null }, "workflow_name is missing"],
  ["a name that is no text", "start_workflow", { workflow_name: 7 }, "workflow_name"],
  ["an empty name", "start_workflow", { workflow_name: "" }, "workflow_name"],
  ["a context that is text", "start_workflow", { workflow_name: "W", context: "soon" }, "context"],
  ["a context that is a list", "start_workflow", { workflow_name: "W", context: [1] }, "context"],
  ["a __proto__ key", "start_workflow", { workflow_name: "W", context: PROTO }, "arguments.context"],
  ["one further in", "start_workflow", { workflow_name: "W", context: { a: [PROTO] } }, "arguments.context.a.0"],
  ["one in JSON text", "start_workflow", { workflow_name: "W", context: '{"a":{"__proto__":1}}' }, "context.a"],
  ["deep nesting", "start_workflow", { workflow_name: "W", context: { a: nested(70) } }, "64 levels"],
  [
    "a NUL in a value",
    "start_workflow",
    { workflow_name: "W", context: { a: ["x\0"] } },
    "arguments.context.a.0 holds",
  ],
  [
    "a NUL in a key",
    "start_workflow",
    { workflow_name: "W", context: { "x\0": 1 } },
    "a key of arguments.context holds",
  ],
  ["a NUL in an id", "start_workflow", { workflow_name: "W", request_id: "r\0" }, "arguments.request_id holds a NUL"],
  [
    "half of a pair",
    "start_workflow",
    { workflow_name: "W", context: { a: "\ud83d" } },
    "arguments.context.a holds half",
  ],
  [
    "half of one in JSON text",
    "start_workflow",
    { workflow_name: "W", context: '{"a":"\\udc00"}' },
    "context.a holds half",
  ],
  [
    "a request_id over 200 characters",
    "start_workflow",
    { workflow_name: "W", request_id: "r".repeat(201) },
    "request",
  ],
  ["no instance_id", "get_workflow_status", {}, "instance_id is missing"],
  ["a negative limit", "get_workflow_status", { instance_id: "wf_x", history_limit: -1 }, "history_limit"],
  ["a limit over 1,000", "get_workflow_status", { instance_id: "wf_x", history_limit: 1001 }, "history_limit"],
  ["half a limit", "get_workflow_status", { instance_id: "wf_x", history_limit: 1.5 }, "history_limit"],
  ["a limit in words", "get_workflow_status", { instance_id: "wf_x", history_limit: "many" }, "history_limit"],
  ["keys that are no texts", "get_workflow_status", { instance_id: "wf_x", keys: [1] }, "keys.0"],
  ["no report", "advance_workflow", { instance_id: "wf_x" }, "report is missing"],
  ["a report that is a list", "advance_workflow", { instance_id: "wf_x", report: [] }, "report"],
  ["a context that is text", "start_workflow", { workflow_name: "x", context: "{a" }, "context: expected obj"],
  ["a status of no type", "resume_workflow", { report: { status: 1 } }, "report.status"],
  ["a use_latest in words", "resume_workflow", { use_latest: "perhaps" }, "use_latest"],
  ["an unknown status", "list_instances", { status: "SLEEPING" }, "status"],
  ["a page of nothing", "list_instances", { limit: 0 }, "limit"],
  ["a page over 100", "list_instances", { limit: 101 }, "limit"],
  [
    "a number that was rounded",
    "start_workflow",
    { workflow_name: "W", context: { n: [2 ** 53] } },
    "context.n.0 is 90",
  ],
  ["a negative one", "start_workflow", { workflow_name: "W", context: { n: -(2 ** 53) } }, "send it as text"],
  ["one in JSON text", "start_workflow", { workflow_name: "W", context: '{"n":9007199254740993}' }, "send it as text"],
  ["a number without end", "start_workflow", { workflow_name: "W", context: '{"n":1e400}' }, "context.n is Infinity"],
  [
    "a number as a result",
    "advance_workflow",
    { instance_id: "wf_x", report: { result: 2 ** 60 } },
    "report.result is",
  ],
  ["an assumed step of 201 letters", "resume_workflow", { assumed_current_step_name: "s".repeat(201) }, "assumed_cur"],
  ["a choice of 201", "advance_workflow", { instance_id: "x", report: { next_step: "s".repeat(201) } }, "next_step"],
  ["a step_id of 201", "advance_workflow", { instance_id: "x", report: { step_id: "s".repeat(201) } }, "step_id"],
  ["a workflow of 201", "start_workflow", { workflow_name: "W".repeat(201) }, "workflow_name"],
  ["a run of 201", "cancel_workflow", { instance_id: "r".repeat(201) }, "instance_id"],
  ["a key of 201", "get_workflow_status", { instance_id: "x", keys: ["k".repeat(201)] }, "keys.0"],
  ["a cursor that nobody gave", "list_instances", { cursor: "page-2" }, "cursor"],
];

test("arguments that break the schema are INVALID_INPUT and the path of each problem is named", async () => {
  const on = await connect({ workflows });
  for (const [what, tool, args, said] of REFUSED) {
    const told = expectError(await on.call(tool, args), "INVALID_INPUT");
    expect({ what, text: told.text }).toEqual({ what, text: expect.stringContaining(said) });
  }
  const both = await on.call("advance_workflow", { report: { step_id: 4, details: 5 } });
  for (const path of ["instance_id", "report.step_id", "report.details"]) expect(both.text).toContain(path);
  expect((await on.call("list_instances", { all_projects: true })).data.instances).toEqual([]);
});

const REPORTS: [what: string, args: Args, said: string][] = [
  ["no step_id", { report: { status: "success" } }, '"1-one"'],
  ["an empty step_id", { report: { step_id: "", status: "success" } }, '"1-one"'],
  ["a step_id that never was", { report: { step_id: "9-nine", status: "success" } }, '"1-one"'],
  ["another slug at the current number", { report: { step_id: "1-two", status: "success" } }, '"1-one"'],
  ["a step that was not visited", { report: { step_id: "Two", status: "success" } }, '"1-one"'],
  ["no status", { report: { step_id: "1-one", details: "did it" } }, "report.status"],
  ["a __proto__ key", { report: { step_id: "1-one", status: "success", details: PROTO } }, "report.details"],
  ["a NUL", { report: { step_id: "1-one", status: "success", details: "\0" } }, "report.details holds a NUL"],
  [
    "half of a pair",
    { report: { step_id: "1-one", status: "success", result: ["a\udfffb"] } },
    "report.result.0 holds",
  ],
  ["details left in", { report: { step_id: "1-one", status: "success", details: "<what you did and saw>" } }, "<what"],
  ["a choice left in", { report: { step_id: "1-one", status: "success", next_step: "<a candidate>" } }, "<a cand"],
  [
    "a placeholder in an update",
    { report: { step_id: "1-one", status: "success" }, context_updates: { a: ["<integer>"] } },
    "<integer>",
  ],
  ["a report over 64 KiB", { report: { step_id: "1-one", status: "success", details: "x".repeat(65_536) } }, "65536"],
  [
    "updates over 64 KiB",
    { report: { step_id: "1-one", status: "success" }, context_updates: { a: "é".repeat(32_768) } },
    "65536",
  ],
];

test("a report that cannot be taken is INVALID_INPUT, says why and what is current, and changes nothing", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  for (const [what, args, said] of REPORTS) {
    const call = () => on.call("advance_workflow", { instance_id: id, ...args });
    const told = await expectRefused(on, id, call, "INVALID_INPUT");
    expect({ what, text: told.text }).toEqual({ what, text: expect.stringContaining(said) });
    expect(told.text).toContain("nothing changed");
  }
});

test("a step's name stands for its step_id while it was visited once, and is ambiguous after that", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  expect((await advance(on, { id, stepId: "One" })).data.next_step.step_id).toBe("2-two");
  expect((await advance(on, { id, stepId: "One" })).data).toMatchObject({ replayed: true });
  expect((await advance(on, { id, stepId: "Two" })).data.next_step.step_id).toBe("3-one");
  const told = await expectRefused(on, id, () => advance(on, { id, stepId: "One" }), "INVALID_INPUT");
  expect(told.text).toContain("visited 2 times");
  expect(told.data.details).toEqual({ current_step_id: "3-one" });
});

test("text that merely looks like a placeholder is a report like any other", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  const told = await advance(on, { id, stepId: "1-one" }, { details: "replaced <div> by <integer> in a.html" });
  expect(told.data.next_step.step_id).toBe("2-two");
});

test("objects as JSON text, numbers as text, nulls and unknown arguments are understood", async () => {
  const on = await connect({ workflows });
  const started = await on.call("start_workflow", {
    workflow_name: "W",
    context: '{"n": 1, "drop": "me"}',
    request_id: null,
    verbose: true,
  });
  expect(started.data.current_context).toEqual({ n: 1, drop: "me" });
  const id = started.data.instance_id;
  const report = { step_id: "1-one", status: "Done", details: { exit: 0 }, error: null, mood: "good" };
  const advanced = await on.call("advance_workflow", {
    instance_id: id,
    report: JSON.stringify(report),
    context_updates: '{"list":[1,2],"drop":null}',
  });
  expect(advanced.data).toMatchObject({
    next_step: { step_id: "2-two" },
    current_context: { list: [1, 2], drop: null },
  });
  expect((await statusOf(on, id)).context).toEqual({ n: 1, list: [1, 2] });
  const { history } = await statusOf(on, id, { history_limit: "5", history_before: null, keys: '["n"]' });
  expect(history[0].report).toEqual({ step_id: "1-one", status: "success", details: { exit: 0 } });
  expect((await statusOf(on, id, { keys: ["n", "absent"] })).context).toEqual({ n: 1 });
  const listed = await on.call("list_instances", { limit: "1", all_projects: "true", status: "RUNNING" });
  expect(listed.data.instances).toHaveLength(1);
  expect((await on.call("resume_workflow", { use_latest: "false", instance_id: id })).isError).toBe(false);
});

test("text that is no JSON stays text if text is allowed", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  await advance(on, { id, stepId: "1-one" }, { details: "[1, 2]", result: "7", message: "true" });
  const { history } = await statusOf(on, id);
  expect(history[0].report).toMatchObject({ details: "[1, 2]", result: "7", message: "true" });
});

const WORDS: [word: string, kept: string][] = [
  ["done", "success"],
  ["Completed", "success"],
  ["OK", "success"],
  ["passed", "success"],
  [" failed ", "failure"],
  ["error", "failure"],
  ["Blocked", "Blocked"],
];

test("synonyms of a status are normalised, other words are kept as they are", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "W");
  let stepId = run.stepId;
  for (const [word] of WORDS) {
    const told = await advance(on, { id: run.id, stepId }, { status: word });
    stepId = told.data.next_step.step_id;
  }
  const { history } = await statusOf(on, run.id);
  expect(history.map((entry: { report: { status: string } }) => entry.report.status)).toEqual(
    WORDS.map(([, kept]) => kept),
  );
});

/** Values that JSON writes in another way than it read them. */
const ZEROS: [what: string, context: string][] = [
  ["a zero with a sign", '{"a":-0,"b":[{"c":-0.0}]}'],
  ["a zero as a fraction", '{"a":0.0,"b":[{"c":0}]}'],
];

test.each(ZEROS)(
  "%s is the zero that is kept, so that a start with a request_id can be repeated",
  async (_what, context) => {
    const on = await connect({ workflows });
    const { id } = await startRun(on, "W", { context: JSON.parse(context), request_id: "r" });
    const again = await startRun(on, "W", { context: JSON.parse(context), request_id: "r" });
    expect({ id: again.id, replayed: again.told.data.replayed }).toEqual({ id, replayed: true });
  },
);

test("numbers at the limits are kept as they are", async () => {
  const on = await connect({ workflows });
  const context = { most: 2 ** 53 - 1, least: -(2 ** 53 - 1), small: 5e-324, half: 0.5, text: "725653563933458433" };
  const { id } = await startRun(on, "W", { context });
  expect((await statusOf(on, id)).context).toEqual(context);
});
