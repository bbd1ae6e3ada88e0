/** A person waives something that a step demands: of the current visit it is not demanded, once. Pure. */
import type { Ruling, Waiver } from "../approval.ts";
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

/** Something that the current visit has to prove. */
export interface Demand {
  what: string;
  /** Why it need not, if a person waived it. */
  reason?: string | undefined;
}

/**
 * What somebody means by a name. Throws INVALID_INPUT if the visit demands nothing of that name, or a person,
 * the server or the clock has the step; INSTANCE_FINAL if the run has ended.
 */
export function demandNamed(workflow: Workflow, instance: Instance, name: string): Demand {
  refuseFinal(instance);
  const step = findStep(workflow, instance.step_name);
  if (instance.turn?.of !== "agent" || !step) throw nobodysError(instance);
  const what = meant(step, name);
  if (what === undefined) throw unknownError(instance, { step, name });
  const isKey = keysOf(step).some((key) => keyName(key) === what);
  return { what, reason: whyWaived(instance, what) ?? (isKey ? whyWaived(instance, PRODUCES) : undefined) };
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

/**
 * The current visit need not prove it; null if that was waived already. It is over with the visit, and with the definition
 * that demands it. Throws what `demandNamed` throws, and INVALID_INPUT without a reason.
 */
export function waive(
  workflow: Workflow,
  instance: Instance,
  { what: name, reason: said }: Waiver,
  moment: Moment,
): Change | null {
  const demand = demandNamed(workflow, instance, name);
  const reason = oneLine(said, MAX_REASON).toWellFormed();
  if (reason === "") {
    throw new AppError("INVALID_INPUT", "The reason is empty; nothing changed.", {
      hint: "Say why it is not demanded: the history keeps it, and the last answer names it.",
    });
  }
  if (demand.reason !== undefined) return null;
  const { what } = demand;
  const ruling: Ruling = { kind: "waived", what, reason };
  const line = entry(instance, { kind: "approval", ruling }, moment);
  return change(instance, [line], { waived: [...instance.waived, { what, reason }], updated_at: moment.now });
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
