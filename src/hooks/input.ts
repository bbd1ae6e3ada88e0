/** What a client tells of a moment, whichever client: one JSON object, whose names differ in their case alone. Pure. */
import type { HookClient, HookEvent } from "../hook.ts";

export interface HookInput {
  client: HookClient;
  event: HookEvent;
  /** The directory that the client works in. */
  cwd: string;
  /** The session's transcript, or a helper's own if it is the helper that stops; null if it was not named. */
  transcript: string | null;
  session: string;
  /** The helper (subagent) that acts, by the client's own id; null if none does. */
  helper: string | null;
  /** The stop was held already, was no end of a turn, or helpers that the client started still work: it is not to be held. */
  mayStop: boolean;
  tool: string;
  toolInput: unknown;
}

/** Null if it is not what a client says. */
export function readInput(text: string, { client, event }: Pick<HookInput, "client" | "event">): HookInput | null {
  const told: unknown = JSON.parse(text);
  if (!isObject(told)) return null;
  const word = (...names: string[]) => names.map((name) => told[name]).find((value) => typeof value === "string");
  const cwd = word("cwd");
  if (typeof cwd !== "string" || cwd === "" || cwd.includes("\0")) return null;
  const own = word("agent_transcript_path", "agentTranscriptPath");
  const helper = word("agent_id", "agentId");
  const isHelper = own !== undefined || helper !== undefined;
  const session = word("transcript_path", "transcriptPath");
  const transcript = own || (isHelper && event === "stop" ? null : session); // the session goes on when a helper of it stops
  return {
    client,
    event: event === "session-start" && told["source"] === "compact" ? "after-compaction" : event,
    cwd,
    transcript: typeof transcript === "string" && transcript !== "" ? transcript : null,
    session: String(word("session_id", "sessionId") ?? ""),
    helper: isHelper ? String(helper ?? "") : null,
    mayStop: mayStop(told, isHelper),
    tool: String(word("tool_name", "toolName") ?? ""),
    toolInput: parsed(told["tool_input"] ?? told["toolArgs"]),
  };
}

/** Work that goes on without the agent while its turn is over; a shell in the background may be a server that never ends. */
const ON_ITS_OWN = new Set(["shell", "monitor"]);

function mayStop(told: Record<string, unknown>, isHelper: boolean): boolean {
  const reason = told["stopReason"] ?? told["stop_reason"];
  const tasks = told["background_tasks"];
  const all = Array.isArray(tasks) && !isHelper ? tasks : []; // a helper stands among them itself
  const helps = all.some((task) => isObject(task) && !ON_ITS_OWN.has(String(task["type"])));
  const isActive = told["stop_hook_active"] ?? told["stopHookActive"];
  return isActive === true || helps || (typeof reason === "string" && reason !== "end_turn");
}

/** Some send the arguments as they came from the model. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
