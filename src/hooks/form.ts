/** An answer in the form that a client takes. Pure. */
import type { HookClient, HookEvent } from "../hook.ts";

/** `tell`: text for the agent. `hold`: it may not stop. `refuse`: it may not edit. */
export interface HookAnswer {
  kind: "tell" | "hold" | "refuse";
  text: string;
}

/** The client's own name of the moment, which its answer repeats. */
const NAMES: Record<"claude" | "gemini", Record<HookEvent, string>> = {
  claude: {
    "session-start": "SessionStart",
    "after-compaction": "SessionStart",
    prompt: "UserPromptSubmit",
    "before-edit": "PreToolUse",
    stop: "Stop",
  },
  gemini: {
    "session-start": "SessionStart",
    "after-compaction": "SessionStart",
    prompt: "BeforeAgent",
    "before-edit": "BeforeTool",
    stop: "AfterAgent",
  },
};

export function inForm(
  { kind, text }: HookAnswer,
  { client, event }: { client: HookClient; event: HookEvent },
): object {
  if (kind === "hold") return { decision: "block", reason: text };
  if (kind === "tell" && client === "copilot") return { additionalContext: text };
  const hookEventName = NAMES[client === "gemini" ? "gemini" : "claude"][event]; // Codex took Claude Code's over
  if (kind === "tell") return { hookSpecificOutput: { hookEventName, additionalContext: text } };
  if (client === "gemini") return { decision: "deny", reason: text };
  const denied = { permissionDecision: "deny", permissionDecisionReason: text };
  return client === "copilot" ? denied : { hookSpecificOutput: { hookEventName, ...denied } };
}
