/**
 * The plugin for Claude Code, made from what `orchestrator init` writes for it: `bun run plugin` writes the files, and
 * tests/plugin.test.ts holds that they lie there as they are made here. The plugin's README is written by hand.
 */
import { join } from "node:path";
import about from "../package.json";
import { HOOKS, hookCommand, hookLists } from "../src/clients/hooks.ts";
import { CLIENTS, READING_TOOLS } from "../src/clients/known.ts";

/** Where the marketplace lies: what `claude plugin marketplace add` is given. */
export const MARKETPLACE = join(import.meta.dir, "..");
/** What `claude plugin install` is given. */
export const PLUGIN = "orchestrator@workflow-orchestrator";

const [NAME = "", MARKET = ""] = PLUGIN.split("@");
const HOME = `.claude-plugin/${NAME}`;
/** The program is found in PATH: a plugin does not know where it lies on the machine. */
const SELF = [NAME];
const SUMMARY =
  "Leads the agent through a workflow written in Markdown, one step at a time, and holds it to its course";

/** The text of each file, by its path from the marketplace. */
export function pluginFiles(): Record<string, string> {
  return {
    ".claude-plugin/marketplace.json": json({
      name: MARKET,
      owner: { name: "The Workflow Orchestrator contributors" },
      description: "The plugin of Workflow Orchestrator, an MCP server",
      plugins: [{ name: NAME, source: `./${HOME}`, description: SUMMARY }],
    }),
    [`${HOME}/.claude-plugin/plugin.json`]: json({
      name: NAME,
      version: about.version,
      description: SUMMARY,
      author: { name: "The Workflow Orchestrator contributors" },
      license: about.license,
    }),
    [`${HOME}/.mcp.json`]: json(serverFile()),
    [`${HOME}/hooks/hooks.json`]: json({ hooks: hooks() }),
    [`${HOME}/commands/use.md`]: USE,
  };
}

function serverFile(): object {
  const { keys, shape } = CLIENTS.claude;
  const entry: unknown = shape.entry(SELF);
  return keys.reduceRight((inner, key) => ({ [key]: inner }), entry) as object; // there are keys
}

/** Silent, and no hindrance, if no program of the name is there, or one that knows no hooks. */
function hooks(): object {
  if (!HOOKS.claude) throw new Error("Claude Code has no hooks");
  const caller = { self: SELF, client: "claude", database: null } as const;
  const lists = hookLists(HOOKS.claude, (event) => `${hookCommand(event, caller)} 2>/dev/null || :`);
  return Object.fromEntries(lists);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const USE = `---
description: Do a task by a workflow of the orchestrator, one step at a time
argument-hint: WORKFLOW for this task …
allowed-tools: ${READING_TOOLS.map((tool) => `mcp__plugin_${NAME}_${NAME}__${tool}`).join(", ")}
---

Use the orchestrator's workflow: $ARGUMENTS

The orchestrator is the MCP server of this plugin; this is not about a workflow tool of Claude Code's own.

1. If the words above begin with no workflow's name, call list_workflows and take the one that is meant. If none clearly is, ask the user.
2. Call start_workflow, do the step that it returns, report it with advance_workflow, do the step that this returns, and so on until the status is COMPLETED, FAILED or CANCELLED.

If none of its tools can be found, its server did not start. Then do nothing but tell the user: the program \`orchestrator\` must lie in the PATH that Claude Code is started with; \`orchestrator --version\` in a terminal shows whether it does, and \`/mcp\` what went wrong.
`;

if (import.meta.main) {
  for (const [path, text] of Object.entries(pluginFiles())) await Bun.write(join(MARKETPLACE, path), text);
}
