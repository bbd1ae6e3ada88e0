/** A branch begins: which workflow it runs, and what its context holds. */
import type { Branch, BranchCounts } from "../branch.ts";
import { type Birth, type Instance, MAX_CONTEXT_BYTES, type Start, stepIdOf } from "../instance.ts";
import { applyPatch, type JsonObject, jsonBytes, patchFor } from "../json.ts";
import type { BranchFacts } from "../reckoner.ts";
import { begin } from "../rules/begin.ts";
import type { Moment } from "../rules/change.ts";
import { cleared, told } from "../rules/landing.ts";
import { turnAtEntry } from "../rules/turns.ts";
import type { Turn } from "../turn.ts";
import { oneLine } from "../words.ts";
import { type Branching, findStep, firstStep, type Step, type Used, type Workflow } from "../workflow.ts";
import type { Parts } from "./parts.ts";
import { showsChanges } from "./shows-changes.ts";

/** Longest reason for which a branch fails before its first step, in characters. */
const MAX_WHY = 500;

/** The run that begins it, as it is at its branch step. */
export interface Parent {
  instance: Instance;
  workflow: Workflow;
  trusted: boolean;
}

/** The branches of these numbers, from `first` on, for these items. Throws if the definition does not have what they run. */
export async function births(
  parts: Parts,
  parent: Parent,
  { items, first, counts, moment }: { items: unknown[]; first: number; counts: BranchCounts; moment: Moment },
): Promise<Birth[]> {
  const step = findStep(parent.workflow, parent.instance.step_name);
  if (!step?.branches) throw new Error(`step "${parent.instance.step_name}" has no branches`);
  const { branches } = step;
  const all = items.map((item, index) => {
    const beside = counts.max_parallel > 1 ? { beside: true as const } : {};
    const place = { item, number: first + index, total: counts.total, ...beside };
    return birth(parts, { ...parent, step, branches }, { place, moment });
  });
  for (const { instance, workflow } of all) if (showsChanges(workflow)) await parts.exhibits.begin(instance);
  return all;
}

const TOO_LARGE = `its context would be larger than the limit of ${MAX_CONTEXT_BYTES} bytes`;

type Beginning = Parent & { step: Step; branches: Branching };

function birth(
  parts: Parts,
  parent: Beginning,
  { place, moment }: { place: Pick<Branch, "item" | "number" | "total" | "beside">; moment: Moment },
): Birth {
  const used = usedFor(parent, place.item);
  if (!used) throw new Error(`no workflow for branch ${place.number} of "${parent.step.name}"`); // see mayBegin
  const { hash, workflow, trusted = parent.trusted } = used;
  const { project, branch: above, instance_id: parent_id, unattended, step_name, visit } = parent.instance;
  const branch: Branch = {
    parent_id,
    root_id: above?.root_id ?? parent_id,
    step_name,
    visit,
    ...place,
    depth: (above?.depth ?? 0) + 1,
  };
  const given = contextOf(parts, parent, place.item);
  const step = firstStep(workflow);
  const large = jsonBytes(given.context) > MAX_CONTEXT_BYTES;
  const context = large ? {} : applyPatch(given.context, patchFor(given.context, cleared(step)));
  const fault = given.fault ?? (large ? TOO_LARGE : inputFault(parts, workflow, context));
  const turn: Turn =
    fault === null
      ? turnAtEntry(step, { count: 1, now: moment.now, context, visit: 1, seq: 0 })
      : { of: "server", kind: "unfit", since: moment.now, message: oneLine(fault, MAX_WHY) };
  const start: Start = {
    instance_id: parts.newId(),
    definition: hash,
    first_step: step.name,
    context,
    request_id: null,
    unattended,
    actor: moment.actor,
    started_at: moment.now,
    ...told(turn),
    branch,
  };
  return { start, instance: begin(workflow, start, { project, trusted, head: parts.probe.head(project) }), workflow };
}

/** The workflow that the branch of an item runs; undefined if the definition, which may be a later one, has none for it. */
function usedFor({ workflow, branches }: Pick<Beginning, "workflow" | "branches">, item: unknown): Used | undefined {
  const { uses, each } = branches;
  return workflow.used?.[each === undefined ? String(item) : (uses[0] ?? "")];
}

/** Whether the definition says what each of these items' branches runs. */
export function mayBegin({ instance, workflow }: Parent, items: unknown[]): boolean {
  const branches = findStep(workflow, instance.step_name)?.branches;
  return branches !== undefined && items.every((item) => usedFor({ workflow, branches }, item) !== undefined);
}

/** What the definition gives it; or why that cannot be worked out. */
function contextOf(
  { reckoner }: Parts,
  { instance, step, branches }: Beginning,
  item: unknown,
): { context: JsonObject; fault: string | null } {
  const context: JsonObject = branches.as === undefined ? {} : { [branches.as]: item };
  const facts = { ...factsAt(instance, step), item };
  for (const [key, text] of Object.entries(branches.with ?? {})) {
    const found = reckoner.value(text, "with", facts);
    if ("fault" in found) return { context, fault: `with.${key}: \`${text}\` could not be evaluated: ${found.fault}` };
    context[key] = found.value;
  }
  return { context, fault: null };
}

function inputFault({ schemas }: Parts, { name, inputs }: Workflow, context: JsonObject): string | null {
  if (!inputs) return null;
  const { faults } = schemas.judge(inputs, context, { coerce: false });
  return faults.length === 0 ? null : `its context does not fit "${name}": ${faults.join("; ")}`;
}

/** What expressions of a branch step's front matter see. */
export function factsAt(instance: Instance, { name }: Step): BranchFacts {
  const { context, visits, visit, unattended } = instance;
  const step = { name, step_id: stepIdOf(instance), visit };
  return { context, visits: visits[name]?.count ?? 1, step, unattended };
}
