/** What the front matter of a step's file says: what may follow, what a report must set, how often it may be entered, who does it. */
import { MAX_VISITS } from "../instance.ts";
import { ENDS, type Step } from "../workflow.ts";
import { nameOf } from "../written.ts";
import { parseApproval } from "./approval-extra.ts";
import { type PlacedBranching, parseBranches } from "./branch-extras.ts";
import { parseChecks, parseEdits } from "./checks-extra.ts";
import { parseClock } from "./clock-extras.ts";
import { type StepKey, stepKeys } from "./extra-keys.ts";
import { type OwnSection, parseOwnSections } from "./own-sections.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { type PlacedRoute, targetHint } from "./routes-section.ts";
import { parseServerStep } from "./server-step.ts";
import { parseTemplate } from "./template-extra.ts";
import { parseValues } from "./value-schemas.ts";
import type { Yaml, YamlMap } from "./yaml.ts";

/** The extras of a step; a key that is absent is absent here. */
export type StepExtras = Pick<
  Step,
  | "next"
  | "produces"
  | "checks"
  | "max_visits"
  | "template"
  | "run"
  | "sets"
  | "until_passes"
  | "wait"
  | "deadline"
  | "approval"
  | "branches"
>;

export interface PlacedExtras {
  extras: StepExtras;
  /** The level-1 headings that the author declares as the step's own. */
  ownSections: readonly OwnSection[];
  /** Where each name of `next` stands. */
  nextAt: readonly Origin[];
  /** The keys as they were written. */
  keys: ReadonlyMap<StepKey, Yaml>;
  /** Where it says what its branches are; undefined if it has none. */
  branching: PlacedBranching | undefined;
}

/** What is wrong becomes problems. Whether the names of `next` are steps is for `checkNext`. */
export function parseStepExtras(root: YamlMap | undefined, reading: Reading): PlacedExtras {
  if (!root) return { extras: {}, ownSections: [], nextAt: [], keys: new Map(), branching: undefined };
  const keys = stepKeys(root, reading);
  const next = parseNext(keys.get("next"), reading);
  const produces = parseValues(keys.get("produces"), { name: "produces", code: "PRODUCES_INVALID" }, reading);
  const checks = [...parseEdits(keys.get("edits"), reading), ...parseChecks(keys.get("checks"), reading)];
  const maxVisits = parseMaxVisits(keys.get("max_visits"), reading);
  const template = parseTemplate(keys.get("template"), reading);
  const approval = parseApproval(keys.get("approval"), reading);
  const branching = parseBranches(keys, reading);
  const extras = {
    ...(next.length > 0 ? { next: next.map(({ name }) => name) } : {}),
    ...(produces ? { produces } : {}),
    ...(checks.length > 0 ? { checks } : {}),
    ...(maxVisits === undefined ? {} : { max_visits: maxVisits }),
    ...(template ? { template } : {}),
    ...parseServerStep(keys, reading),
    ...parseClock(keys, reading),
    ...(approval ? { approval } : {}),
    ...(branching ? { branches: branching.branches } : {}),
  };
  const ownSections = parseOwnSections(keys.get("sections"), reading);
  return { extras, ownSections, nextAt: next.map(({ at }) => at), keys, branching: branching?.placed };
}

/** Checks what only the whole workflow can tell: that `next` names steps, and that no route leads elsewhere. */
export function checkNext(
  { extras, nextAt }: PlacedExtras,
  routes: readonly PlacedRoute[],
  stepNames: readonly string[],
  { problems }: Reading,
): void {
  const { next } = extras;
  if (!next) return;
  const names = [...stepNames, ...ENDS];
  for (const [index, name] of next.entries()) {
    const at = nextAt[index];
    if (at && !names.includes(name))
      problems.add("NEXT_TARGET", at, {
        message: `"next" names "${name}", and no step has that name`,
        hint: name.includes(",") ? `Write several as a list: [${name}]` : targetHint(name, names),
      });
  }
  for (const { to, at } of routes)
    if (names.includes(to) && !next.includes(to))
      problems.add("ROUTE_NOT_IN_NEXT", at, {
        message: `The route leads to "${to}", which "next" does not allow`,
        hint: `Add "${to}" to "next", or let the route lead to one of: ${next.join(", ")}`,
      });
}

function parseNext(yaml: Yaml | undefined, reading: Reading): { name: string; at: Origin }[] {
  if (!yaml) return [];
  const refuse = (at: Origin, message: string): [] => {
    reading.problems.add("NEXT_INVALID", at, { message, hint: NEXT_HINT });
    return [];
  };
  const items = yaml.kind === "list" ? yaml.items : [yaml];
  if (items.length === 0) return refuse(yaml.at, '"next" is empty');
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const name = item.kind === "scalar" && item.value !== null ? item.text.trim() : "";
    if (name === "") return refuse(item.at, `"next" must hold names of steps; here it is ${nameOf(item)}`);
    if (seen.has(name)) return refuse(item.at, `"next" names "${name}" twice`);
    seen.add(name);
    return [{ name, at: item.at }];
  });
}

const NEXT_HINT = 'List each name once, like "next: [Build, FINISH]"; without the key, any step may follow';

function parseMaxVisits(yaml: Yaml | undefined, reading: Reading): number | undefined {
  if (!yaml) return undefined;
  const value = yaml.kind === "scalar" ? yaml.value : null;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_VISITS) return value;
  reading.problems.add("MAX_VISITS_INVALID", yaml.at, {
    message: `"max_visits" must be a whole number from 1 to ${MAX_VISITS}; it is ${nameOf(yaml)}`,
    hint: 'Write it without quotes, like "max_visits: 5"',
  });
  return undefined;
}
