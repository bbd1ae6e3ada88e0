/** A run whose steps a model decides: a fake endpoint, a server of its own that is told to ask it, and the usual calls. */
import { onTestFinished } from "bun:test";
import type { HistoryEntry } from "../../src/instance.ts";
import { statusOf } from "./calls.ts";
import { type Connection, type ConnectOptions, connect, type Told } from "./client.ts";
import { type Behaviour, type FakeEndpoint, startEndpoint } from "./endpoint.ts";
import { scratchDir, workflowFiles, writeFiles } from "./workspace.ts";

/** Closes it after the test. */
export function closing<T extends { close(): unknown }>(each: T): T {
  onTestFinished(async () => void (await each.close()));
  return each;
}

/** A fake endpoint that is closed after the test. */
export function endpointThat(...behaviours: Behaviour[]): FakeEndpoint {
  return closing(startEndpoint(behaviours));
}

const JUDGED = workflowFiles(
  "JUDGED",
  {
    Build: { guidance: "Built: go to Test. Not built: go to Repair." },
    Test: { guidance: "The tests pass: go to Deploy. They fail: go to Repair.", instructions: "Run the tests." },
    Repair: { guidance: "Go to Test.", routes: ["otherwise → Test"] },
    Deploy: { guidance: "This is the last step: FINISH." },
  },
  "Deploy what passes its tests.",
);

/** A directory with the workflow JUDGED: Build, Test and Deploy are for the model, Repair has a route. */
export function judged(): string {
  const dir = scratchDir();
  writeFiles(dir, JUDGED);
  return dir;
}

/** The model's settings in the environment of a server. */
export function modelEnv(endpoint: { url: string }, more: Record<string, string> = {}): Record<string, string> {
  return {
    AI_SERVICE_ENDPOINT: endpoint.url,
    AI_SERVICE_API_KEY: "sk-test-key",
    AI_MODEL: "fake-model",
    AI_REQUEST_TIMEOUT_MS: "5000",
    ...more,
  };
}

export interface Status {
  status: string;
  current_step_name: string;
  visit: number;
  context: Record<string, unknown>;
  waiting_for: { kind: string; message: string } | null;
  pending_report: {
    report: { status: string; [field: string]: unknown };
    context_updates: Record<string, unknown>;
    asked: boolean;
  } | null;
  history: HistoryEntry[];
}

export interface ModelRun {
  on: Connection;
  id: string;
  /** The `step_id` that was handed out last. */
  stepId(): string;
  /** Reports the step that was handed out last. */
  report(said?: Said): Promise<Told>;
  status(): Promise<Status>;
  /** The last entry of the history. */
  last(): Promise<HistoryEntry>;
}

export interface Said {
  status?: string;
  updates?: object;
  [field: string]: unknown;
}

export interface ServerOptions extends Omit<ConnectOptions, "env"> {
  env?: Record<string, string>;
}

/** Starts a server that asks the endpoint. */
export async function connectTo(endpoint: { url: string }, options: ServerOptions = {}): Promise<Connection> {
  const { env, workflows = judged(), ...others } = options;
  return closing(await connect({ ...others, workflows, env: modelEnv(endpoint, env) }));
}

/** Starts a server that asks nobody. */
export async function connectAlone(options: ConnectOptions = {}): Promise<Connection> {
  return closing(await connect({ ...options, workflows: judged() }));
}

/** Starts an instance. */
export async function startOn(on: Connection, workflow_name = "JUDGED", context?: object): Promise<ModelRun> {
  const started = await on.call("start_workflow", { workflow_name, ...(context ? { context } : {}) });
  if (started.isError) throw new Error(started.text);
  return runOn(on, started.data.instance_id, started.data.next_step.step_id);
}

/** A server of its own that asks the endpoint, and an instance on it. */
export async function startModelRun(endpoint: { url: string }, options: ServerOptions = {}): Promise<ModelRun> {
  return startOn(await connectTo(endpoint, options));
}

/** An instance that exists, on any server. */
export function runOn(on: Connection, id: string, first: string): ModelRun {
  let stepId = first;
  const status = (): Promise<Status> => statusOf(on, id);
  return {
    on,
    id,
    stepId: () => stepId,
    status,
    report: async (said = {}) => {
      const told = await on.call("advance_workflow", reportOf({ id, stepId }, said));
      stepId = told.data?.next_step?.step_id ?? stepId;
      return told;
    },
    last: async () => {
      const entry = (await status()).history.at(-1);
      if (!entry) throw new Error("the history is empty");
      return entry;
    },
  };
}

/** The arguments of advance_workflow. */
export function reportOf(at: { id: string; stepId: string }, said: Said = {}): Record<string, unknown> {
  const { updates, ...rest } = said;
  const report = { step_id: at.stepId, status: "success", ...rest };
  return { instance_id: at.id, report, ...(updates ? { context_updates: updates } : {}) };
}
