/** The tools as data. A handler calls the engine and shapes the result; it knows neither the SDK nor the transport. */
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { Caller } from "../engine/parts.ts";
import { isUnclear } from "../engine/resume.ts";
import { AppError } from "../errors.ts";
import { Status } from "../instance.ts";
import { JsonObject, jsonBytes } from "../json.ts";
import { findPlaceholder, type IncomingReport, MAX_REPORT_BYTES, normaliseStatus } from "../report.ts";
import { quoted } from "../words.ts";
import type { Answer } from "./answer.ts";
import { advertised, type InputSchema, inputSchema, parseArguments } from "./arguments.ts";
import { LIST_OUTPUT, type OutputSchema, STATUS_OUTPUT, STEP_OUTPUT, WORKFLOWS_OUTPUT } from "./outputs.ts";
import { listAnswer, unclearAnswer, workflowsAnswer } from "./read-answers.ts";
import { reportSchema } from "./report-input.ts";
import { fillsStatus, HistoryForm, statusAnswer } from "./status-answer.ts";
import { stepAnswer } from "./step-answer.ts";

/** What a client may assume of a tool; hints in the protocol's words. */
interface Annotations {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

export interface Tool {
  name: string;
  title: string;
  description: string;
  input(): InputSchema;
  output: OutputSchema;
  annotations: Annotations;
  /** Whether it is worth its whole text in the agent's context from the beginning. */
  alwaysLoad?: boolean;
  /** Takes arguments as they were sent; rejects with an AppError. */
  call(engine: Engine, sent: unknown, caller: Caller): Promise<Answer>;
}

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const WRITES = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };

const object = () => JsonObject.meta({ type: "object" });

const contextUpdates = object()
  .optional()
  .describe(
    "Keys to merge into the workflow's context; null removes one. Set every key the step asks for. Put long output into a file, give its path",
  );

/** Of a workflow, a step, a run, a key: none is longer. */
const name = () => z.string().min(1).max(200);
const instanceId = name();
const reason = () => z.string().max(2_000).optional();

export const TOOLS: readonly Tool[] = [
  tool({
    name: "list_workflows",
    title: "List workflows",
    description: "List the orchestrator's workflows that can be started, with the inputs each needs.",
    input: z.object({}),
    output: WORKFLOWS_OUTPUT,
    annotations: READS,
    alwaysLoad: true,
    handler: async (engine) => workflowsAnswer(await engine.catalog()),
  }),
  tool({
    name: "start_workflow",
    title: "Start a workflow",
    description:
      "Start a workflow of the orchestrator (not the client's own); returns its first step. Do that step, report it with advance_workflow, do the step you get back, and so on until status is COMPLETED. If one may already be running here, call resume_workflow first.",
    input: z.object({
      workflow_name: name(),
      context: object().optional().describe("Initial values of the workflow's context"),
      request_id: name().optional().describe("Makes the call repeatable: the same id starts one run"),
      unattended: z.boolean().optional().describe("The user cannot be asked on the way"),
    }),
    output: STEP_OUTPUT,
    annotations: WRITES,
    alwaysLoad: true,
    handler: async (engine, { context = {}, ...input }, caller) =>
      stepAnswer(await engine.start({ ...input, context }, caller)),
  }),
  tool({
    name: "get_workflow_status",
    title: "Read a run",
    description:
      "Read one run: status, current step, context in full, history. Changes nothing. To go on working use resume_workflow.",
    input: z.object({
      instance_id: instanceId,
      history: HistoryForm.default("brief").describe("brief: a line an entry. full: reports and evidence whole"),
      history_limit: z.int().min(0).max(1000).default(20),
      history_before: z.int().min(1).optional().describe("Only entries before this seq"),
      keys: z.array(z.string().max(200)).optional().describe("Only these keys of the context"),
    }),
    output: STATUS_OUTPUT,
    annotations: READS,
    handler: async (engine, { keys, history: form, ...input }) =>
      statusAnswer(await engine.status({ ...input, branches: "near", enough: fillsStatus(form) }), { keys, form }),
  }),
  tool({
    name: "advance_workflow",
    title: "Report a step",
    description:
      "Report the step you just did; returns the next step. Call it once for each step, after the work is done and verified, never ahead of it. A truthful failure is fine: the workflow has a path for it. After a timeout send the same call again; nothing is done twice.",
    input: z.object({
      instance_id: instanceId,
      report: reportSchema({ told: true }).meta({ required: ["step_id", "status"] }),
      context_updates: contextUpdates,
    }),
    output: STEP_OUTPUT,
    annotations: { ...WRITES, idempotentHint: true },
    alwaysLoad: true,
    handler: async (engine, { instance_id, ...said }, caller) =>
      stepAnswer(await engine.advance({ instance_id, ...checkSaid(said) }, caller)),
  }),
  tool({
    name: "resume_workflow",
    title: "Resume a run",
    description:
      "Get back into a workflow: after compaction, a restart, a lost connection, or whenever unsure which step is current. With no arguments it finds the one that runs in this project. Returns a recap and the current step.",
    input: z.object({
      instance_id: instanceId.optional(),
      assumed_current_step_name: name().optional().describe("The step you think is current"),
      report: reportSchema({ told: false }).optional(),
      context_updates: contextUpdates,
      use_latest: z.boolean().optional().describe("Go on with the workflow's files as they are now"),
    }),
    output: STEP_OUTPUT,
    annotations: { ...WRITES, idempotentHint: true },
    alwaysLoad: true,
    handler: async (engine, { report, context_updates, ...input }, caller) => {
      const said = report ? checkSaid({ report, context_updates }) : { context_updates: context_updates ?? {} };
      const answer = await engine.resume({ ...input, ...said }, caller);
      return isUnclear(answer) ? unclearAnswer(answer) : stepAnswer(answer);
    },
  }),
  tool({
    name: "list_instances",
    title: "List runs",
    description: "List the runs of this project, newest first.",
    input: z.object({
      status: Status.optional(),
      workflow_name: name().optional(),
      all_projects: z.boolean().optional(),
      branches: z.boolean().optional(),
      limit: z.int().min(1).max(100).default(20),
      cursor: z.string().max(500).optional(),
    }),
    output: LIST_OUTPUT,
    annotations: READS,
    handler: async (engine, input) => listAnswer(await engine.list(input)),
  }),
  tool({
    name: "cancel_workflow",
    title: "Cancel a run",
    description: "End a run for good. Only when the user asks; a step that fails is reported, not cancelled.",
    input: z.object({ instance_id: instanceId, reason: reason() }),
    output: STEP_OUTPUT,
    annotations: { ...WRITES, destructiveHint: true, idempotentHint: true },
    handler: async (engine, input, caller) =>
      stepAnswer(await engine.cancel({ ...input, decided_by: "agent" }, caller)),
  }),
  tool({
    name: "rewind_workflow",
    title: "Rewind a run",
    description:
      "Take a run back to an earlier visit, its step and context as they were then. Files and commits are not undone. Only when the user asks.",
    input: z.object({
      instance_id: instanceId,
      to_visit: z.int().min(1).describe("Number of the visit, from its step_id or the history"),
      reason: reason(),
    }),
    output: STEP_OUTPUT,
    annotations: { ...WRITES, destructiveHint: true, idempotentHint: true },
    handler: async (engine, input, caller) => stepAnswer(await engine.rewind(input, caller)),
  }),
  tool({
    name: "fork_workflow",
    title: "Fork a run",
    description:
      "Try another way from an earlier visit as a new run; the old one stays live. Only when the user asks. The files still hold the old attempt: commit it on a branch or stash it first; no reset.",
    input: z.object({
      instance_id: instanceId,
      at_visit: z.int().min(1).optional().describe("Else the current or last one"),
      request_id: name().optional().describe("The same id makes one fork"),
    }),
    output: STEP_OUTPUT,
    annotations: WRITES,
    handler: async (engine, input, caller) => stepAnswer(await engine.fork(input, caller)),
  }),
];

interface ToolDefinition<S extends z.ZodObject> extends Omit<Tool, "input" | "call"> {
  input: S;
  handler(engine: Engine, input: z.infer<S>, caller: Caller): Promise<Answer>;
}

function tool<S extends z.ZodObject>({ input, handler, ...facts }: ToolDefinition<S>): Tool {
  let schema: InputSchema | undefined;
  const read = () => (schema ??= inputSchema(input)); // made at the first call, not at the start
  return {
    ...facts,
    input: () => advertised(read()),
    call: (engine, sent, caller) => handler(engine, parseArguments(input, sent, read()), caller),
  };
}

/** Normalises a report's status and refuses what was not filled in or is too large. */
function checkSaid(said: { report: IncomingReport; context_updates?: JsonObject | undefined }) {
  const { report, context_updates = {} } = said;
  const placeholder = findPlaceholder(report) ?? findPlaceholder(context_updates);
  if (placeholder) {
    throw new AppError("INVALID_INPUT", `The report still holds the placeholder "${placeholder}"; nothing changed.`, {
      hint: "Put what is so in its place (a value, a candidate's name, what you did and saw), then send the call again.",
    });
  }
  const size = jsonBytes({ report, context_updates });
  if (size > MAX_REPORT_BYTES) {
    throw new AppError(
      "INVALID_INPUT",
      `The report is ${size} bytes; the limit is ${MAX_REPORT_BYTES}; nothing changed.`,
      {
        hint: "Write long output to a file and report its path.",
      },
    );
  }
  const status = report.status === undefined ? {} : { status: statusOf(report.status) };
  return { report: { ...report, ...status }, context_updates };
}

function statusOf(text: string): string {
  const word = normaliseStatus(text);
  if (word !== null) return word;
  throw new AppError("INVALID_INPUT", `report.status ${quoted(text, 80)} is no status; nothing changed.`, {
    hint: 'Send the same call with "status": "success", "failure" or "in_progress", and put the rest into "details".',
  });
}
