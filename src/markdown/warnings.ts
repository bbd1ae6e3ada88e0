/** What is legal but odd in a whole workflow: ways that lead nowhere, and context keys that nobody sets or uses. Only what is sure. */
import { leadsTo } from "../decision.ts";
import { ENDS, FINISH, type Step } from "../workflow.ts";
import { FILE_ENDING } from "./approval-extra.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** A step, and where index.md names it. */
interface PlacedStep {
  step: Step;
  at: Origin;
}

/** What a run begins and ends with. */
interface Ends {
  /** The keys that it may start with; undefined if they are not declared. */
  inputs: readonly string[] | undefined;
  /** The keys that it must have at the end. */
  outputs: readonly string[];
  /** Where these stand. */
  outputsAt: Origin | undefined;
}

/** Adds the workflow's warnings. */
export function addWarnings(steps: readonly PlacedStep[], ends: Ends, reading: Reading): void {
  warnOfWays(steps, reading);
  warnOfKeys(steps, ends, reading);
}

function warnOfWays(steps: readonly PlacedStep[], { warnings }: Reading): void {
  const [first] = steps;
  const byName = new Map(steps.map((placed) => [placed.step.name, placed]));
  const reached = new Set<PlacedStep>(first ? [first] : []);
  for (const { step } of reached) {
    const names = leadsTo(step);
    if (!names) return; // from here any step may follow, FINISH too
    for (const name of names) {
      const placed = byName.get(name);
      if (placed) reached.add(placed);
    }
  }
  for (const placed of steps)
    if (!reached.has(placed))
      warnings.add("STEP_UNREACHABLE", placed.at, {
        message: `Nothing leads to the step "${placed.step.name}"`,
        hint: 'Let a route or "next" of another step name it, or remove it',
      });
  const stuck = [...reached].filter(({ step }) => !mayEnd(step, byName));
  const [entry] = stuck;
  if (!entry) return;
  if (entry === first)
    warnings.add("FINISH_UNREACHABLE", entry.at, {
      message: `No way leads to ${FINISH}: a run never completes`,
      hint: `Let a route or "next" of the last step name ${FINISH}`,
    });
  else if (stuck.every(({ step }) => step.max_visits === undefined))
    warnings.add("LOOP_ENDLESS", entry.at, {
      message: `From the step "${entry.step.name}" no way leads to ${FINISH}, and nothing limits the loop`,
      hint: 'Give a step of the loop a route that leads out of it, or "max_visits"',
    });
}

/** Whether a way leads from the step to a name that is no step. */
function mayEnd(from: Step, byName: ReadonlyMap<string, PlacedStep>): boolean {
  const seen = new Set<Step>([from]);
  for (const step of seen)
    for (const name of leadsTo(step) ?? [FINISH]) {
      const next = byName.get(name);
      if (!next) return true;
      seen.add(next.step);
    }
  return false;
}

const TEMPLATE_KEY = /\{\{\s*context\.([\p{L}\p{N}_$-]+)[^{}]*\}\}/gu;
const WORD = /[\p{L}\p{N}_$-]+/gu;

function warnOfKeys(steps: readonly PlacedStep[], { inputs, outputs, outputsAt }: Ends, reading: Reading): void {
  const known = [...(inputs ?? []), ...steps.flatMap(({ step }) => keysSet(step))];
  const texts = new Map(steps.map(({ step }) => [step, wordsOf(step)]));
  // A key may also be asked for in prose.
  const isSet = (key: string) => known.includes(key) || [...texts.values()].some(({ prose }) => prose.has(key));
  for (const key of outputs)
    if (!isSet(key) && outputsAt)
      reading.warnings.add("OUTPUT_NEVER_SET", outputsAt, {
        message: `"outputs" names "${key}", and nothing sets it`,
        hint: 'Name it in "produces" or "sets" of a step, or remove it: without it no run can finish',
      });
  for (const { step } of steps) {
    for (const key of keysUsed(step))
      if (!isSet(key)) {
        const near = nearest(key, known, Math.floor(key.length / 4));
        // Without declared inputs, whoever starts a run may bring it. What a person is shown is worth a doubt.
        const isShown = keysShown(step).some(([first]) => first === key);
        if (!inputs && !near && !isShown) continue;
        reading.warnings.add("KEY_NEVER_SET", lineOf(step, key, reading), {
          message: `The step "${step.name}" uses "context.${key}", and nothing sets it`,
          hint: near
            ? `Did you mean "${near}"?`
            : `Name it in "produces" or "sets" of an earlier step, or in "inputs" of index.md${isShown && FILE_ENDING.test(`.${key}`) ? `; if a file is meant, write "./context.${key}"` : ""}`,
        });
      }
    if (mayBeLast(step)) continue; // its values are the run's result
    for (const key of keysSet(step)) {
      if (outputs.includes(key)) continue;
      const usedElsewhere = [...texts].some(([other, { all }]) => other !== step && all.has(key));
      if (usedElsewhere || texts.get(step)?.decides.has(key) || keysUsed(step).has(key)) continue;
      reading.warnings.add("PRODUCT_UNUSED", lineOf(step, key, reading), {
        message: `The step "${step.name}" ${step.produces && Object.hasOwn(step.produces, key) ? "produces" : "sets"} "${key}", and no other step uses it`,
        hint: `Use it, as in {{ context.${key} }}, or remove it`,
      });
    }
  }
}

function mayBeLast(step: Step): boolean {
  return (leadsTo(step) ?? ENDS).some((name) => ENDS.includes(name));
}

function keysSet({ produces, sets, branches }: Step): string[] {
  return [...Object.keys({ ...produces, ...sets }), ...(branches?.into === undefined ? [] : [branches.into])];
}

/** The CEL of a step. */
function expressionsOf({ routes, branches }: Step): string[] {
  const { each, max_parallel, with: given } = branches ?? {};
  const all = [...routes.map(({ when }) => when), each, max_parallel, ...Object.values(given ?? {})];
  return all.filter((each) => typeof each === "string");
}

/** The words of a step: of its instructions without template values, of what decides there, and all. */
function wordsOf(step: Step) {
  const { instructions, guidance, sections } = step;
  const words = (text: string) => new Set(text.match(WORD) ?? []);
  const deciding = [guidance, ...expressionsOf(step)].join("\n");
  const told = [instructions, step.approval?.ask ?? "", ...keysShown(step).flat()];
  const all = words([...told, deciding, ...sections.map(({ text }) => text)].join("\n"));
  return { prose: words(instructions.replace(TEMPLATE_KEY, " ")), decides: words(deciding), all };
}

/** The paths of the context keys that a person is shown. */
function keysShown({ approval }: Step): string[][] {
  return (approval?.show ?? []).flatMap((shown) => (shown.kind === "context" ? [shown.path] : []));
}

function keysUsed(step: Step): Set<string> {
  const { instructions, approval } = step;
  const inText = [instructions, approval?.ask ?? ""].flatMap((text) =>
    [...text.matchAll(TEMPLATE_KEY)].map(([, key = ""]) => key),
  );
  const inExpressions = expressionsOf(step).flatMap((cel) =>
    [...cel.replace(/'[^']*'|"[^"]*"/g, "''").matchAll(/\bcontext\.([A-Za-z_]\w*)/g)].map(([, key = ""]) => key),
  );
  return new Set([...inText, ...inExpressions, ...keysShown(step).map(([key = ""]) => key)]);
}

/** The first line of the step's file that names the key. */
function lineOf({ file }: Step, key: string, { files }: Reading): Origin {
  const read = files.read(file);
  const at = read.ok ? read.text.split("\n").findIndex((line) => line.includes(key)) : -1;
  return { file, line: Math.max(0, at) + 1 };
}
