/** What fills in the current step's instructions, if values of the context are not all that they name. */
import type { Joined } from "../branch.ts";
import { currentStep, effectiveAssumptions, effectiveContext, type Instance } from "../instance.ts";
import { type FilesPlace, namesFiles } from "../run-files.ts";
import { type Filler, fillTemplate } from "../template.ts";
import type { Workflow } from "../workflow.ts";
import type { Parts } from "./parts.ts";
import { checksOf } from "./step-checks.ts";

interface Filling {
  instance: Instance;
  workflow: Workflow;
  trusted: boolean;
  /** Of a branch step whose branches have ended. */
  joined?: Joined | undefined;
}

/**
 * Undefined for a step that names values of the context alone. Nothing is filled in before it is asked for. `place`: of
 * the run's files; null if that is not known.
 */
export function fillerOf(
  parts: Parts,
  { instance, workflow, trusted, joined }: Filling,
  place: FilesPlace | null,
): Filler | undefined {
  const step = currentStep(workflow, instance);
  if (!step) return undefined;
  const context = effectiveContext(instance);
  if (!step.template) return place && namesFiles(step) ? plainFiller(step.instructions, context, place) : undefined;
  const looked = checksOf(parts, step, { trusted, instance }).filter(({ refusal }) => refusal === null);
  return parts.templates.filler(step, {
    context,
    checks: looked.map(({ label }) => label),
    assumptions: effectiveAssumptions(instance).map(({ text }) => text),
    unattended: instance.unattended,
    ...(instance.branch ? { item: instance.branch.item } : {}),
    ...(joined ? { branches: joined } : {}),
    run: {
      id: instance.instance_id,
      workflow: workflow.name,
      visit: instance.visit,
      /** A fault of the place that names it, and of no other. */
      get files() {
        if (place && "fault" in place) throw new Error(noFiles(place.fault));
        return place?.path;
      },
    },
  });
}

function plainFiller(text: string, context: Instance["context"], place: FilesPlace): Filler {
  const run = "path" in place ? { files: place.path } : {};
  const faults = "fault" in place ? [`{{ run.files }}: ${noFiles(place.fault)}`] : [];
  return (mostBytes) => ({ text: fillTemplate(text, { context, run }, mostBytes), faults });
}

function noFiles(why: string): string {
  return `there is no place for files of the run: ${why}`;
}
