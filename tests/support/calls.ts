/** The calls that most tests make, and what must hold of every answer and every error. */
import { expect } from "bun:test";
import type { Connection, Told } from "./client.ts";

/** What a tool can be called on, over any transport. */
export type Caller = Pick<Connection, "call">;

/** A run as a client that was just handed a step knows it. */
export interface Run {
  id: string;
  stepId: string;
  told: Told;
}

/** Most bytes of a whole tool result, both forms together. */
export const MAX_ANSWER_BYTES = 60_000;

/** Starts a workflow; fails if that is refused. */
export async function startRun(on: Caller, workflow_name: string, args: object = {}): Promise<Run> {
  const told = await on.call("start_workflow", { workflow_name, ...args });
  if (told.isError) throw new Error(told.text);
  return { id: told.data.instance_id, stepId: told.data.next_step.step_id, told };
}

/** Reports a step; `more` are further fields of the report. */
export function advance(
  on: Caller,
  at: { id: string; stepId?: string },
  said: { status?: string; updates?: object; [field: string]: unknown } = {},
): Promise<Told> {
  const { updates, ...report } = { status: "success", ...said };
  return on.call("advance_workflow", {
    instance_id: at.id,
    report: { ...(at.stepId === undefined ? {} : { step_id: at.stepId }), ...report },
    ...(updates ? { context_updates: updates } : {}),
  });
}

/** The structured form of get_workflow_status, with all of its history in full. */
// biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
export async function statusOf(on: Caller, id: string, more: object = {}): Promise<any> {
  const told = await on.call("get_workflow_status", { instance_id: id, history: "full", history_limit: 1000, ...more });
  if (told.isError) throw new Error(told.text);
  return told.data;
}

/** An entry of the history as get_workflow_status gives it. */
export interface Entry {
  seq: number;
  kind: string;
  visit: number;
  step_id: string;
  step_name: string;
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
  report: any;
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
  decision: any;
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
  evidence?: any;
}

/** The whole history, page by page as a client has to read it, oldest first. */
export async function historyOf(on: Caller, id: string): Promise<Entry[]> {
  const all: Entry[] = [];
  let page: Entry[];
  do {
    const before = all[0]?.seq;
    page = (await statusOf(on, id, before === undefined ? {} : { history_before: before })).history;
    all.unshift(...page);
  } while (page.length > 0 && (all[0]?.seq ?? 1) > 1);
  return all;
}

/** What both forms of an error must say; returns it for further checks. */
export function expectError(told: Told, code: string): Told {
  expect({ code: told.data?.error_code, text: told.text.split(":")[0] }).toEqual({ code, text: code });
  expect(told.isError).toBe(true);
  expect(told.text).toContain(told.data.message);
  expect(told.text).toContain(`Next: ${told.data.hint}`);
  expect(told.data.message).not.toBe("");
  expect(told.data.hint).not.toBe("");
  expect(typeof told.data.retryable).toBe("boolean");
  return told;
}

/** An error that left the run exactly as it was. */
export async function expectRefused(on: Caller, id: string, call: () => Promise<Told>, code: string): Promise<Told> {
  const before = await statusOf(on, id);
  const told = expectError(await call(), code);
  expect(await statusOf(on, id)).toEqual(before);
  return told;
}

/** What both forms of an answer that hands out a step must say. */
export function expectStep(told: Told, step: { name: string; id: string; instructions: string }): Told {
  expect(told.isError).toBe(false);
  expect(told.data).toMatchObject({
    status: "RUNNING",
    next_step: { step_name: step.name, step_id: step.id, instructions: step.instructions },
  });
  expect(told.text).toContain(step.name);
  expect(told.text).toContain(step.instructions);
  expect(told.data.rules).toContain("report_with");
  expect(told.data.report_with).toEqual({ tool: "advance_workflow", arguments: skeletonIn(told.text) });
  expect(told.data.report_with.arguments).toMatchObject({
    instance_id: told.data.instance_id,
    report: { step_id: step.id },
  });
  return told;
}

/** The next call as the text shows it: the line that holds its arguments. */
// biome-ignore lint/suspicious/noExplicitAny: what an agent would copy
export function skeletonIn(text: string): any {
  const line = text.split("\n").findLast((each) => each.startsWith('{"instance_id"'));
  if (!line) throw new Error(`No call to copy in:\n${text}`);
  return JSON.parse(line);
}

/** Bytes of a tool result as a client gets it. */
export async function answerBytes(
  on: Pick<Connection, "client">,
  name: string,
  args: Record<string, unknown>,
): Promise<number> {
  return Buffer.byteLength(JSON.stringify(await on.client.callTool({ name, arguments: args })));
}
