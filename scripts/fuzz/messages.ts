/** Malformed and odd JSON-RPC messages, grown from good ones by mutation, and what JSON-RPC says must become of each. */

export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `none`: it may not be answered. Else the id that its one answer bears; null if it has none that could be read. */
export type Expected = "none" | { id: string | number | null };

export interface Odd {
  text: string;
  expected: Expected;
}

/** Two words on each request: what the newer era asks for, and a workflow that is not there, so that nothing is started. */
const NOWHERE = "NO_SUCH_WORKFLOW";

function goodMessage(random: Random, at: { id: unknown; meta: object | undefined }): Record<string, unknown> {
  const [method, params] = pick(random, [
    ["ping", {}],
    ["tools/list", {}],
    ["tools/call", { name: "list_workflows", arguments: {} }],
    ["tools/call", { name: "start_workflow", arguments: { workflow_name: NOWHERE, context: { a: [1, "x"] } } }],
    ["tools/call", { name: "get_workflow_status", arguments: { instance_id: "run_none", history_limit: 3 } }],
    ["tools/call", { name: "advance_workflow", arguments: { instance_id: "run_none", report: { status: "success" } } }],
    ["tools/call", { name: "resume_workflow", arguments: { instance_id: "run_none" } }],
    ["prompts/list", {}],
    ["prompts/get", { name: NOWHERE, arguments: { request: "x" } }],
    ["resources/list", {}],
    ["resources/read", { uri: `workflow://${NOWHERE}` }],
    ["resources/templates/list", {}],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "workflow://{name}" }, argument: { name: "name", value: "" } },
    ],
    ["server/discover", {}],
    ["no/such/method", { a: 1 }],
    ["notifications/cancelled", { requestId: "never sent", reason: "none" }],
    ["notifications/progress", { progressToken: "never given", progress: 1 }],
  ] as [string, Record<string, unknown>][]);
  const isRequest = !method.startsWith("notifications/");
  const meta = at.meta ? { _meta: at.meta } : {};
  return { jsonrpc: "2.0", ...(isRequest ? { id: at.id } : {}), method, params: { ...params, ...meta } };
}

const ODD: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, "", " ", "\0", "\ud800", "\u2028", "x".repeat(5_000)],
  ...[[], [[]], {}, { a: { b: { c: [] } } }, "__proto__", ["tools/call"], deep(200)],
];

/** A message for the id, broken in none to three places; one in eight is broken as text. */
export function oddMessage(random: Random, at: { id: unknown; meta: object | undefined }): Odd {
  let value: unknown = random() < 0.03 ? pick(random, ODD) : goodMessage(random, at);
  if (random() < 0.03) value = [value, value];
  if (random() < 0.03) value = { jsonrpc: "2.0", id: at.id, result: {} };
  for (let times = Math.floor(random() * 4); times > 0; times--) value = mutated(value, random);
  const json = JSON.stringify(value) ?? "null";
  const text = (random() < 0.125 ? brokenText(json, random) : json).replaceAll("\n", " ");
  return { text, expected: expectedOf(text) };
}

/** What JSON-RPC 2.0 says of the text: requests are answered, notifications and answers are not. */
export function expectedOf(text: string): Expected {
  const line = text.replace(/^\uFEFF/, "").trim();
  if (line === "") return "none";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { id: null };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { id: null };
  const { id, method, result, error } = value as Record<string, unknown>; // it is an object, as was just seen
  if (typeof method === "string" && id === undefined) return "none";
  if (method === undefined && (result !== undefined || error !== undefined)) return "none";
  return { id: typeof id === "string" || Number.isSafeInteger(id) ? (id as string | number) : null };
}

/** The value with one part of it dropped, replaced, renamed, wrapped or doubled; never its own id, which tells answers apart. */
function mutated(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null) return pick(random, ODD);
  if (Array.isArray(value)) return value.map((item) => (random() < 0.5 ? mutated(item, random) : item));
  const entries = Object.entries(value);
  const index = Math.floor(random() * entries.length);
  const chosen = entries[index];
  if (!chosen) return pick(random, ODD);
  const [key, item] = chosen;
  if (key === "id" && random() < 0.7) return value;
  const rest = entries.filter((_, at) => at !== index);
  const turn = random();
  if (turn < 0.35 && typeof item === "object" && item !== null) {
    return Object.fromEntries([...rest, [key, mutated(item, random)]]);
  }
  if (turn < 0.5) return Object.fromEntries(rest);
  if (turn < 0.75) return Object.fromEntries([...rest, [key, pick(random, ODD)]]);
  if (turn < 0.85) return Object.fromEntries([...rest, [`${key}x`, item]]);
  return Object.fromEntries([...rest, [key, turn < 0.93 ? [item] : { [key]: item }]]);
}

function brokenText(json: string, random: Random): string {
  const at = Math.floor(random() * json.length);
  return pick(random, [
    () => json.slice(0, at),
    () => json.slice(at),
    () => `${json.slice(0, at)}${pick(random, ["{", "}", '"', "\\", "\0", ",", "1e400", "\u0085"])}${json.slice(at)}`,
    () => `\uFEFF${json}`,
    () => `  ${json}\r`,
    () => `${json}${json}`,
    () => json.replace('"method"', '"method":"ping","method"'),
    () => `${json.slice(0, at)}${json.slice(at + 1)}`,
  ])();
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T; // the index is within it
}
