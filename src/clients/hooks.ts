/** The hooks of each client, by the moments that they are for: where they stand, and in which form. */
import { joinCommand } from "../command-words.ts";
import type { HookEvent } from "../hook.ts";
import type { ClientName, Homes } from "./known.ts";

export interface HookTable {
  project: string | null;
  user: ((homes: Homes) => string) | null;
  /** What the file holds beside the lists, if we make it. */
  head: Record<string, unknown>;
  /** The client's own name for each moment, and which of them it is narrowed to. */
  moments: readonly [name: string, event: HookEvent, matcher?: string][];
  item(command: string, matcher: string | undefined): object;
}

/** As Claude Code has it, and those that took it over. */
const nested = (command: string, matcher: string | undefined) => ({
  ...(matcher !== undefined && { matcher }),
  hooks: [{ type: "command", command }],
});

export const HOOKS: Partial<Record<ClientName, HookTable>> = {
  claude: {
    project: ".claude/settings.json",
    user: ({ claude }) => `${claude}/settings.json`,
    head: {},
    moments: [
      ["SessionStart", "session-start", "startup|resume|clear"],
      ["SessionStart", "after-compaction", "compact"],
      ["UserPromptSubmit", "prompt"],
      ["PreToolUse", "before-edit", "Edit|Write|NotebookEdit"],
      ["Stop", "stop"],
      ["SubagentStop", "stop"],
    ],
    item: nested,
  },
  codex: {
    project: null,
    user: ({ codex }) => `${codex}/hooks.json`,
    head: {},
    moments: [
      ["SessionStart", "session-start", "startup|resume|clear"],
      ["SessionStart", "after-compaction", "compact"],
      ["UserPromptSubmit", "prompt"],
      ["PreToolUse", "before-edit", "apply_patch"],
      ["Stop", "stop"],
      ["SubagentStop", "stop"],
    ],
    item: nested,
  },
  gemini: {
    project: ".gemini/settings.json",
    user: ({ gemini }) => `${gemini}/settings.json`,
    head: {},
    moments: [
      ["SessionStart", "session-start"],
      ["BeforeAgent", "prompt"],
      ["BeforeTool", "before-edit", "write_file|replace"],
      ["AfterAgent", "stop"],
    ],
    item: nested,
  },
  copilot: {
    project: ".github/hooks/orchestrator.json",
    user: null,
    head: { version: 1 },
    moments: [
      ["sessionStart", "session-start"],
      ["userPromptSubmitted", "prompt"],
      ["preToolUse", "before-edit"],
      ["agentStop", "stop"],
    ],
    item: (command) => ({ type: "command", bash: command }),
  },
};

/** What the client's lists of hooks hold, by its own name for each moment. */
export function hookLists(
  { moments, item }: HookTable,
  commandOf: (event: HookEvent) => string,
): [name: string, items: object[]][] {
  const lists = Map.groupBy(moments, ([name]) => name);
  return [...lists].map(([name, own]) => [name, own.map(([, event, matcher]) => item(commandOf(event), matcher))]);
}

interface Caller {
  self: readonly string[];
  client: ClientName;
  /** Null: the one that is the user's. */
  database: string | null;
}

/** The command of a hook, as a shell reads it. */
export function hookCommand(event: HookEvent, { self, client, database }: Caller): string {
  return joinCommand([...self, "hook", event, "--client", client, ...(database === null ? [] : ["--db", database])]);
}

/** Whether a list's item is a hook of ours, wherever its executable lies. */
export function isOurHook(found: unknown, client: ClientName): boolean {
  const text = JSON.stringify(found) ?? "";
  return /orchestrator/.test(text) && new RegExp(` hook [a-z-]+ --client ${client}\\b`).test(text);
}
