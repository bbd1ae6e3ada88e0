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

const PARTS = ["eins", "zwölf", '"drei"'];
const JOIN_INSTRUCTIONS = "Put together what was found:";

/** Files of the workflows, by path below the workflows' directory. */
export const WORKFLOW_FILES: Record<string, string> = {
  "TWO_STEPS/index.md":
    "---\ndescription: Two steps for a client\n---\n# TWO_STEPS\n\n## Goal\n\nThe model was given everything.\n\n## Steps\n\n1. [First Step](steps/first.md)\n2. [Second Step](steps/second.md)\n",
  "TWO_STEPS/steps/first.md": `---\nproduces: {exit_code: integer}\n---\n\n${stepText(FIRST_INSTRUCTIONS, "Second Step")}`,
  "TWO_STEPS/steps/second.md": stepText(SECOND_INSTRUCTIONS, "FINISH"),
  "THREE_PARTS/index.md":
    "---\ndescription: A step with three branches\n---\n# THREE_PARTS\n\n## Goal\n\nEach part was read.\n\n## Steps\n\n1. [Read Parts](read-parts.md)\n",
  "THREE_PARTS/read-parts.md": `---\nuses: ./part\neach: ${JSON.stringify(PARTS)}\nas: part\ninto: found\n---\n\n# Orchestrator Guidance\n\nGo on.\n\n# Join Instructions\n\n${JOIN_INSTRUCTIONS} {{ context.found }}\n\n# Routes\n\n- otherwise → FINISH\n`,
  "THREE_PARTS/part/index.md":
    "---\noutputs: {exit_code: integer}\n---\n# A part\n\n## Goal\n\nThe part was read.\n\n## Steps\n\n1. [Read Part](read-part.md)\n",
  "THREE_PARTS/part/read-part.md": `---\nproduces: {exit_code: integer}\n---\n\n${stepText("Read {{ context.part }}.", "FINISH")}`,
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
    expects: over,
  },
  {
    title: "first branch",
    call: () => ({ tool: "start_workflow", args: { workflow_name: "THREE_PARTS" } }),
    expects: (known) => branch(1, known),
  },
  {
    title: "second branch",
    call: (known) => report(known, { exit_code: 0 }),
    expects: (known) => branch(2, known),
  },
  {
    title: "resume in a branch",
    call: () => ({ tool: "resume_workflow", args: {} }),
    expects: (known) => ({
      recap: "Resumed THREE_PARTS",
      "which are done": "Read Parts: 1 eins ✓ → 2 zwölf in work; 1 not begun",
      ...branch(2, known),
    }),
  },
  {
    title: "third branch",
    call: (known) => report(known, { exit_code: 0 }),
    expects: (known) => branch(3, known),
  },
  {
    title: "join",
    call: (known) => report(known, { exit_code: 0 }),
    expects: (known) => ({
      ...stepAnswer(JOIN_INSTRUCTIONS, known),
      results: /"item":\s*"zwölf",\s*"status":\s*"COMPLETED",\s*"outputs":\s*\{"exit_code":\s*0\}/,
    }),
  },
  {
    title: "finish after branches",
    call: (known) => report(known, {}),
    expects: over,
  },
];

/** A recap names the root before the branch whose step is handed out. */
const NEXT_REPORT = /"instance_id":\s*"((?:run|wf)_[0-9a-z]{12})",\s*"report"/;
const ANY_RUN = /\b((?:run|wf)_[0-9a-z]{12})\b/;

/** Reads the ids out of an answer; what it does not name stays as it was. */
export function learn(known: Known, answer: string): Known {
  return {
    instanceId: (NEXT_REPORT.exec(answer) ?? ANY_RUN.exec(answer))?.[1] ?? known.instanceId,
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

function over(): Record<string, string | RegExp> {
  return { status: "COMPLETED", "that it is over": /nothing more to call/i };
}

/** The first step of the branch of that number; the words of the text or the field of the structured form. */
function branch(number: number, known: Known): Record<string, string | RegExp> {
  return {
    ...stepAnswer(`Read ${PARTS[number - 1]}.`, known),
    "which branch": new RegExp(`branch ${number} of 3 of Read Parts|"number":\\s*${number},\\s*"total":\\s*3`),
  };
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
