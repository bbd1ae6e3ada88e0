/** Messages as clients send them, of either era: what odd ones grow from. */
import type { Random } from "../torture/random.ts";
import { below, chance, pick } from "./chance.ts";
import { ODD_IDS, oddValue } from "./odd.ts";

/** With a session (2024-11-05 to 2025-11-25), or without one (2026-07-28). */
export type Era = "session" | "sessionless";

export interface Message {
  [key: string]: unknown;
}

export const REVISION = "2026-07-28";
export const REVISION_KEY = "io.modelcontextprotocol/protocolVersion";
export const META = {
  [REVISION_KEY]: REVISION,
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "fuzz", version: "1" },
};

export const OLDER_REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
export const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "fuzz", version: "1" },
};

/** What calls are about: a run that they may change, and its workflow. */
export interface Subject {
  run: string;
  workflow: string;
}

/** The message of that number, untouched. */
export function validMessage(random: Random, { n, era, subject }: { n: number; era: Era; subject: Subject }): Message {
  const message = chance(random, 0.15) ? notification(random, n) : request(random, { n, era, subject });
  if (era === "sessionless" || chance(random, 0.02)) message["params"] = { ...paramsOf(message), _meta: meta(random) };
  else if (chance(random, 0.1))
    message["params"] = { ...paramsOf(message), _meta: { progressToken: pick(random, TOKENS) } };
  return message;
}

const TOKENS = [0, 1, "", "token", -1, 2 ** 53 - 1];

function paramsOf(message: Message): object {
  const { params } = message;
  return typeof params === "object" && params !== null ? params : {};
}

function meta(random: Random): Message {
  const more: Message = {};
  if (chance(random, 0.1)) more["progressToken"] = pick(random, TOKENS);
  if (chance(random, 0.1)) more["io.modelcontextprotocol/logLevel"] = pick(random, ["debug", "error", "loud", 1]);
  if (chance(random, 0.05)) more[REVISION_KEY] = pick(random, ["2027-01-01", "2025-11-25", "", 1, null]);
  return { ...META, ...more };
}

/** Mostly an id that no other message has, so that an answer tells which message it is for. */
function idOf(random: Random, n: number): unknown {
  const drawn = random();
  if (drawn < 0.6) return n;
  return drawn < 0.85 ? `m${n}` : pick(random, ODD_IDS);
}

function request(random: Random, { n, era, subject }: { n: number; era: Era; subject: Subject }): Message {
  const [method, params] = pick(random, requests(random, subject, era));
  return { jsonrpc: "2.0", id: idOf(random, n), method, ...(params ? { params } : {}) };
}

function notification(random: Random, n: number): Message {
  const recent = n - 1 - below(random, 4);
  const requestId = pick(random, [recent, recent, `m${recent}`, pick(random, ODD_IDS), "nobody's", 1e9]);
  const choices: Message[] = [
    { method: "notifications/cancelled", params: { requestId, reason: "fuzz" } },
    { method: "notifications/cancelled", params: { requestId } },
    { method: "notifications/initialized" },
    { method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
    { method: "notifications/roots/list_changed" },
    { method: "tools/list" },
    { id: requestId, result: {} },
    { id: requestId, result: { roots: [] }, method: undefined },
    { id: requestId, error: { code: -1, message: "no" } },
    { error: { code: -32_700, message: "not read" } },
  ];
  return { jsonrpc: "2.0", ...pick(random, choices) };
}

type Asked = [method: string, params?: object];

function requests(random: Random, { run, workflow }: Subject, era: Era): Asked[] {
  const call = (name: string, sent?: unknown): Asked => [
    "tools/call",
    { name, ...(sent === undefined ? {} : { arguments: sent }) },
  ];
  const report = { step_id: "1-left", status: "success", details: "done" };
  const uri = pick(random, [`instance://${run}`, `workflow://${workflow}`, "instance://none", "file:///etc/passwd"]);
  const shared: Asked[] = [
    call("list_workflows"),
    call("list_workflows", {}),
    call("start_workflow", { workflow_name: workflow, context: { a: oddValue(random) } }),
    call("get_workflow_status", { instance_id: run, history_limit: 5 }),
    call("advance_workflow", { instance_id: run, report, context_updates: { b: oddValue(random) } }),
    call("advance_workflow", { instance_id: run, report: { ...report, status: "in_progress" } }),
    call("resume_workflow", { instance_id: run }),
    call("resume_workflow", {}),
    call("list_instances", { limit: 5 }),
    call("cancel_workflow", { instance_id: "none", reason: "fuzz" }),
    call(pick(random, ["", "toString", "__proto__", "no_such_tool"]), {}),
    ["tools/list"],
    ["prompts/list", {}],
    ["prompts/get", { name: workflow, arguments: { context: "x" } }],
    ["resources/list", chance(random, 0.3) ? { cursor: "nonsense" } : {}],
    ["resources/templates/list"],
    ["resources/read", { uri }],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "instance://{id}" }, argument: { name: "id", value: run.slice(0, 2) } },
    ],
    [pick(random, ["", "no/such", "constructor", "tools", "rpc.discover", "notifications/cancelled"]), {}],
  ];
  const sessions: Asked[] = [
    ["ping"],
    ["initialize", { ...INITIALIZE, protocolVersion: pick(random, [...OLDER_REVISIONS, "2099-01-01"]) }],
    ["logging/setLevel", { level: "error" }],
    ["resources/subscribe", { uri }],
    ["resources/unsubscribe", { uri }],
  ];
  const without: Asked[] = [
    ["server/discover"],
    ["subscriptions/listen", { notifications: { promptsListChanged: true, resourceSubscriptions: [uri] } }],
  ];
  return [
    ...shared,
    ...(chance(random, 0.05) || era === "session" ? sessions : []),
    ...without.slice(era === "session" ? 1 : 0),
  ];
}
