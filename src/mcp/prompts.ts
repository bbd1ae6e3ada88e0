/** Prompts: each workflow as a slash command that starts it, and one that teaches an agent to write a workflow. SDK-free. */
import { findLoaded } from "../engine/start.ts";
import { fieldsOf } from "../schema.ts";
import { oneLine } from "../words.ts";
import type { Catalog, Workflow } from "../workflow.ts";

export interface Prompt {
  name: string;
  title: string;
  description: string;
  arguments: { name: string; description: string; required: boolean }[];
}

/** One text: clients split what is typed after the command at blanks, or give all of it to the first argument. */
const REQUEST = { name: "request", description: "What you want, in your own words", required: false };

const CREATE: Prompt = {
  name: "create_workflow",
  title: "Create a workflow",
  description: "Write a new workflow for this orchestrator, in ./workflows",
  arguments: [REQUEST],
};

/** Workflows first, by name. A workflow that bears the other prompt's name hides it. */
export function listPrompts({ workflows }: Catalog): Prompt[] {
  const starters = [...workflows.values()].map(({ workflow }) => ({
    name: workflow.name,
    title: `Start ${workflow.name}`,
    description: purposeOf(workflow),
    arguments: [REQUEST],
  }));
  return workflows.has(CREATE.name) ? starters : [...starters, CREATE];
}

/** What the user says by calling a prompt. Throws DEFINITION_NOT_FOUND or DEFINITION_INVALID. */
export function getPrompt(catalog: Catalog, name: string, given: Record<string, string>) {
  if (name === CREATE.name && !catalog.workflows.has(name)) {
    return { description: CREATE.description, text: createText(wordsOf(given)) };
  }
  const { workflow } = findLoaded(catalog, name);
  return { description: purposeOf(workflow), text: startText(workflow, wordsOf(given)) };
}

function purposeOf({ name, description, goal }: Workflow): string {
  return description ?? (oneLine(goal, 200) || `Start the workflow ${name}`);
}

/** All that came along, whatever a client called it, in its order; empty where nothing did. */
function wordsOf(given: Record<string, string>): string {
  const words = Object.values(given).map((each) => each.trim());
  return words.filter(Boolean).join(" ");
}

function startText({ name, inputs }: Workflow, words: string): string {
  const call = JSON.stringify({ workflow_name: name });
  const fields = fieldsOf(inputs).map(({ name, type, required, description }) => {
    return `   - ${name} (${type}${required ? ", required" : ""})${description ? `: ${description}` : ""}`;
  });
  const context =
    fields.length > 0
      ? ` with "context": fill these in from the user's words and from the project, leave out what is not known, ask the user for what is required and cannot be found:\n${fields.join("\n")}`
      : `; put what is known into "context", by the keys that the first step names.`;
  return `Carry out the orchestrator's workflow ${name}, with the orchestrator's tools and not with a workflow tool of the client's own.

${words ? `The user wants: ${words}\n` : ""}The user's own words after the command are what counts, also where a client passed on only some of them.

1. Call start_workflow ${call}${context}
   Add "unattended":true if the user says that they cannot be asked on the way.
2. Do the step that you get, verify it, report it with advance_workflow, do the step that it returns, and so on until status is COMPLETED, FAILED or CANCELLED.`;
}

function createText(purpose: string): string {
  return `Write a workflow for the workflow orchestrator${purpose ? `: ${purpose}` : ". Ask me what it is for, unless I said so"}.

A workflow is a directory \`workflows/NAME/\` (NAME in capitals) with \`index.md\` and \`steps/*.md\`.

\`index.md\`:

    ---
    description: One line for lists
    inputs: {properties: {some_key: {type: string, description: "what it is"}}, required: [some_key]}
    ---

    # NAME

    ## Goal

    What is reached at the end.

    ## Steps

    1. [Step Name](steps/step-name.md): what it is for

Each step file:

    ---
    produces: {exit_code: integer, summary: string}
    max_visits: 5
    checks:
      - command: test
      - file: path/that/must/exist
      - changed: "src/**"
    ---

    # Orchestrator Guidance

    What follows when, by the exact names of steps: "Tests passed: Commit Changes. Failed: Fix Problems."

    # Client Instructions

    What the agent does: exact commands, what counts as success and as failure, which keys to set in context_updates
    (with types). Values of the context: {{ context.some_key }}. Long output goes to a file in {{ run.files }}, its path into the context.

    # Routes

    - \`report.status == "success" && context.exit_code == 0\` → Commit Changes
    - \`visits >= 3\` → Give Up
    - otherwise → Fix Problems

Rules: a step is work, with one result that can be checked. Success means that the goal was reached. A failure is a report with a route of its own. Routes (CEL over report, context, visits, step, unattended, approval) wherever the choice is mechanical, \`otherwise\` last; leave them out only where judgement is needed. \`produces\` names what the report of a success must set; \`checks\` are looked at by the server before it believes one (\`command\` is named by whoever starts it: \`--command test="…"\`; \`run\` is a program of the workflow's own). Every loop has a route with \`visits >= N\`, and \`max_visits\` behind it. FINISH completes the workflow; FAIL ends it as failed, where \`next\` or a route names it.

A step that needs no agent is done by the server: instead of \`produces\` and \`checks\` it has \`run: bun test\` (or \`run: {command: test}\`) and \`sets: {test_exit_code: exit_code, test_output: output_file}\`. Exit code 0 is its report \`success\`, any other \`failure\`. It needs \`otherwise\` or a single \`next\`, and Client Instructions for where the server may not run it. \`until_passes: {every: 30s, at_most: 1h}\` beside \`run\` repeats the program. \`wait: 10m\` hands a step out later; \`deadline: {after: 2h, then: Step Name}\` limits the agent's time. \`approval: true\` hands a step out only once a person has approved it; \`approval: {ask: …, show: [changes], denied: Step Name}\` says what they are asked and shown, and where a no leads.

When it is written, run \`orchestrator validate NAME\` and mend what it names; then start it once with start_workflow.`;
}
