/** A person waives something that a step demands: of the current visit it is not demanded, once. Pure. */
import type { Waiver } from "../approval.ts";
import { type Check, labelOf } from "../check.ts";
import { AppError } from "../errors.ts";
import type { Change, Instance } from "../instance.ts";
import { didYouMean } from "../near-name.ts";
import { turnWords } from "../turn.ts";
import { oneLine } from "../words.ts";
import { findStep, type Step, type Workflow } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { demandsOf } from "./demands.ts";
import { refuseFinal } from "./refusals.ts";

/** How all that `produces` demands is named. */
const PRODUCES = "produces";
/** Longest reason, and longest name in a list of them, in characters. */
const MAX_REASON = 300;
const MAX_NAME = 120;

/** How the value of a key is named that the report must set. */
export function keyName(key: string): string {
  return `${PRODUCES} ${key}`;
}

/** All that a report of the step has to prove, by the names under which it may be waived. */
export function demandNames(step: Step): string[] {
  return [...new Set([...(step.checks ?? []).map(labelOf), ...keysOf(step).map(keyName)])];
}

/** Why the check is not demanded of the current visit; undefined: it is. */
export function whyWaived({ waived }: Pick<Instance, "waived">, what: string): string | undefined {
  return waived.find((each) => each.what === what)?.reason;
}

/** The same for the value of a key. */
export function whyKeyWaived(instance: Pick<Instance, "waived">, key: string): string | undefined {
  return whyWaived(instance, keyName(key)) ?? whyWaived(instance, PRODUCES);
}

/**
 * What somebody means to waive of the current visit, by its name, and why; `known`: it was waived already, for that reason.
 * Throws INVALID_INPUT if the visit demands nothing of that name, the reason is empty, or no agent has the step; INSTANCE_FINAL.
 */
export function waiverOf(workflow: Workflow, instance: Instance, said: Waiver): Waiver & { known: boolean } {
  refuseFinal(instance);
  const step = findStep(workflow, instance.step_name);
  if (instance.turn?.of !== "agent" || !step) throw nobodysError(instance);
  const what = meant(step, said.what);
  if (what === undefined) throw unknownError(instance, { step, name: said.what });
  const reason = oneLine(said.reason, MAX_REASON).toWellFormed();
  if (reason === "") {
    throw new AppError("INVALID_INPUT", "The reason is empty; nothing changed.", {
      hint: "Say why it is not demanded: the history keeps it, and the last answer names it.",
    });
  }
  const before = whyNot(instance, { step, what });
  return { what, reason: before ?? reason, known: before !== undefined };
}

/** Whether a person waived something that the step demands of the current visit. */
export function isWaived(instance: Pick<Instance, "waived">, demand: { step: Step; what: string }): boolean {
  return whyNot(instance, demand) !== undefined;
}

function whyNot(instance: Pick<Instance, "waived">, { step, what }: { step: Step; what: string }): string | undefined {
  const key = keysOf(step).find((each) => keyName(each) === what);
  return key === undefined ? whyWaived(instance, what) : whyKeyWaived(instance, key);
}

/**
 * The current visit need not prove it; null if that was waived already. It is over with the visit, and with the definition
 * that demands it. Throws what `waiverOf` throws.
 */
export function waive(workflow: Workflow, instance: Instance, said: Waiver, moment: Moment): Change | null {
  const { known, ...waiver } = waiverOf(workflow, instance, said);
  if (known) return null;
  const line = entry(instance, { kind: "approval", ruling: { kind: "waived", ...waiver } }, moment);
  return change(instance, [line], { waived: [...instance.waived, waiver], updated_at: moment.now });
}

function nobodysError({ instance_id, turn }: Instance): AppError {
  const why = turn ? turnWords(turn) : "there is no step";
  return new AppError("INVALID_INPUT", `No agent has the step now: ${why}. Nothing changed.`, {
    hint: `Waive what it must prove once one has it; orchestrator show ${instance_id} says where the run is.`,
  });
}

function unknownError({ visit, step_name }: Instance, { step, name }: { step: Step; name: string }): AppError {
  const names = namesOf(step).map((each) => oneLine(each, MAX_NAME));
  const asked = oneLine(name, MAX_NAME);
  return new AppError(
    "INVALID_INPUT",
    `Visit ${visit} (${step_name}) demands nothing of the name "${asked}"; nothing changed.`,
    {
      hint:
        names.length > 0
          ? `${didYouMean(asked, names)}It demands: ${names.join(" | ")}`
          : "It demands nothing: any report ends it.",
    },
  );
}

function keysOf(step: Step): string[] {
  return Object.keys(demandsOf(step) ?? {});
}

/** What may be waived, all that `produces` demands at once included. */
function namesOf(step: Step): string[] {
  return [...demandNames(step), ...(keysOf(step).length > 0 ? [PRODUCES] : [])];
}

/** By its name in answers; else as an author writes it; else by its kind, or by the key alone. */
function meant(step: Step, given: string): string | undefined {
  const { checks = [] } = step;
  const keys = keysOf(step);
  const forms = [
    ...namesOf(step).map((name) => [name, name] as const),
    ...checks.flatMap((check) => formsOf(check).map((form) => [form, labelOf(check)] as const)),
    ...keys.flatMap((key) => [key, `${PRODUCES}: ${key}`].map((form) => [form, keyName(key)] as const)),
    ...checks.filter(isAlone).map((check) => [check.kind, labelOf(check)] as const),
  ];
  const wanted = oneLine(given, MAX_FORM);
  return forms.find(([form]) => oneLine(form, MAX_FORM) === wanted)?.[1];
}

/** Characters by which two names are told apart: a script of its own may be one. */
const MAX_FORM = 10_000;

/** `run: bun test`, `run bun test`: as an author writes it. */
function formsOf(check: Check): string[] {
  const label = labelOf(check);
  const subject = label.startsWith(`${check.kind} `) ? label.slice(check.kind.length + 1) : label;
  return [`${check.kind}: ${subject}`, `${check.kind} ${subject}`];
}

/** The only one of its kind. */
function isAlone({ kind }: Check, _index: number, all: Check[]): boolean {
  return all.filter((each) => each.kind === kind).length === 1;
}
