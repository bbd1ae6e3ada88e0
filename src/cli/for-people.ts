/** Errors as a person at a terminal reads them: the ways out that they name are an agent's tools, and here are commands. */
import type { AppError, ErrorCode } from "../errors.ts";

/** What a person can do, if it is always the same. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  INSTANCE_NOT_FOUND:
    "orchestrator instances --all lists the runs of all projects in this database (--branches: their branches too; --db FILE: of another one).",
  INSTANCE_FINAL:
    "It takes nothing more. orchestrator show ID says how it ended; orchestrator fork ID --at VISIT tries another way from one of its visits.",
  CONFLICT: "Run the same command again: it shows how things are now.",
};

/** The commands that do what a tool does; where there is none, a person tells the agent. */
const COMMANDS: Record<string, string> = {
  list_instances: "orchestrator instances",
  get_workflow_status: "orchestrator show",
  list_workflows: "orchestrator list",
  cancel_workflow: "orchestrator cancel",
  rewind_workflow: "orchestrator rewind",
  fork_workflow: "orchestrator fork",
};

/** The way out of an error, for a person. */
export function wayOut({ code, hint }: AppError): string {
  return (
    HINTS[code] ?? hint.replace(/\b(\w+_(?:workflows?|instances|status))\b(?: \{"instance_id":"([^"]*)"\})?/g, inWords)
  );
}

function inWords(whole: string, tool: string, id: string | undefined): string {
  const command = COMMANDS[tool];
  return command === undefined ? whole : [command, id].filter(Boolean).join(" ");
}
