/**
 * What the scripted model does with the orchestrator, and what it must have been given each time. It knows only what the
 * client gave it: ids are read from the answers, as a model reads them.
 */
import type { Call } from "./client-kind.ts";

export const PROMPT = "Use the orchestrator's workflow TWO_STEPS.";

/** Quotes, two lines and an umlaut, because clients wrap and escape. */
const FIRST_INSTRUCTIONS = 'Write "eins" into the file.\nThen count to zwölf.';
/** As long as the longest of the workflows that come with the orchestrator, because clients cut long answers. */
const SECOND_INSTRUCTIONS = Array.from(
  { length: 40 },
  (_, line) => `${line + 1}. Read the file once more, line by line.`,
).join("\n");

/** Files of the workflow, by path below the workflows' directory. */
export const WORKFLOW_FILES: Record<string, string> = {
  "TWO_STEPS/index.md":
    "---\ndescription: Two steps for a client\n---\n# TWO_STEPS\n\n## Goal\n\nThe model was given everything.\n\n## Steps\n\n1. [First Step](steps/first.md)\n2. [Second Step](steps/second.md)\n",
  "TWO_STEPS/steps/first.md": `---\nproduces: {exit_code: integer}\n---\n\n${stepText(FIRST_INSTRUCTIONS, "Second Step")}`,
  "TWO_STEPS/steps/second.md": stepText(SECOND_INSTRUCTIONS, "FINISH"),
};

/** What the model has learned of the run so far. */
export interface Known {
  instanceId: string;
  stepId: string;
}

export interface Scene {
  title: string;
  call(known: Known): Call;
  /** What must be found in the answer, by name, with escapes undone. */
  expects(known: Known): Record<string, string | RegExp>;
}

export const SCENES: readonly Scene[] = [
  {
    title: "list",
    call: () => ({ tool: "list_workflows", args: {} }),
    expects: () => ({ workflow: "TWO_STEPS", description: "Two steps for a client" }),
  },
  {
    title: "start",
    call: () => ({ tool: "start_workflow", args: { workflow_name: "TWO_STEPS" } }),
    expects: (known) => stepAnswer(FIRST_INSTRUCTIONS, known),
  },
  {
    title: "error",
    call: (known) => report(known, {}),
    expects: () => ({
      code: "INCOMPLETE_REPORT",
      "what is missing": "exit_code is missing (integer)",
      "what to call next": "the same advance_workflow call",
    }),
  },
  {
    title: "advance",
    call: (known) => report(known, { exit_code: 0 }),
    expects: (known) => stepAnswer(SECOND_INSTRUCTIONS, known),
  },
  {
    title: "resume",
    call: () => ({ tool: "resume_workflow", args: {} }),
    expects: (known) => ({ recap: "Resumed TWO_STEPS", ...stepAnswer(SECOND_INSTRUCTIONS, known) }),
  },
  {
    title: "finish",
    call: (known) => report(known, {}),
    expects: () => ({ status: "COMPLETED", "that it is over": /nothing more to call/i }),
  },
];

/** Reads the ids out of an answer; what it does not name stays as it was. */
export function learn(known: Known, answer: string): Known {
  return {
    instanceId: /\b(?:run|wf)_[0-9a-z]{12}\b/.exec(answer)?.[0] ?? known.instanceId,
    stepId: /"step_id":\s*"([^"]+)"/.exec(answer)?.[1] ?? known.stepId,
  };
}

/** The names of what the answer lacks. */
export function missing(scene: Scene, known: Known, answer: string): string[] {
  const wanted = Object.entries(scene.expects(known));
  return wanted.flatMap(([name, what]) =>
    (typeof what === "string" ? answer.includes(what) : what.test(answer)) ? [] : [name],
  );
}

function stepAnswer(instructions: string, { instanceId, stepId }: Known): Record<string, string | RegExp> {
  return {
    instructions,
    instance_id: instanceId || "an instance_id",
    step_id: stepId || "a step_id",
    "the next call": new RegExp(
      `advance_workflow[\\s\\S]*"instance_id":\\s*"${instanceId}"[\\s\\S]*"step_id":\\s*"${stepId}"`,
    ),
  };
}

function report({ instanceId, stepId }: Known, context_updates: Record<string, unknown>): Call {
  const said = { step_id: stepId, status: "success", details: "The scripted model looked." };
  return { tool: "advance_workflow", args: { instance_id: instanceId, report: said, context_updates } };
}

function stepText(instructions: string, next: string): string {
  return `# Orchestrator Guidance\n\nGo on.\n\n# Client Instructions\n\n${instructions}\n\n# Routes\n\n- otherwise → ${next}\n`;
}
