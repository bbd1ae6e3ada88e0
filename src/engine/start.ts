/** Starting an instance: once for each `request_id`, whatever happens to the definition afterwards. */
import { AppError } from "../errors.ts";
import type { Start } from "../instance.ts";
import { applyPatch, type JsonObject, patchFor } from "../json.ts";
import { asWritten, didYouMean, isSameName } from "../near-name.ts";
import { begin } from "../rules/begin.ts";
import { cleared, told } from "../rules/landing.ts";
import { turnAtEntry } from "../rules/turns.ts";
import { oneLine } from "../words.ts";
import { type Catalog, firstStep, type LoadedWorkflow, type Step } from "../workflow.ts";
import { type Call, callOn, openCall } from "./call.ts";
import { notify } from "./notify.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { showsChanges } from "./shows-changes.ts";

/** Live instances of the same workflow that an answer names. */
const MAX_ALSO_RUNNING = 5;

export interface StartInput {
  workflow_name: string;
  context: JsonObject;
  request_id?: string | undefined;
  /** The user cannot be asked. */
  unattended?: boolean | undefined;
}

/**
 * Starts a workflow and hands out its first step; a repeated `request_id` answers where that instance is now. Throws
 * DEFINITION_NOT_FOUND, DEFINITION_INVALID, and INVALID_INPUT for a context that does not fit or a `request_id` that
 * was used with other arguments.
 */
export async function start(parts: Parts, input: StartInput, caller: Caller): Promise<Outcome> {
  const store = await parts.store();
  const known = input.request_id && (await store.byRequest(parts.project, input.request_id));
  if (known) return repeated(await openCall(parts, known.instance_id, caller), input);
  const loaded = await findDefinition(parts, input.workflow_name);
  const workflow_name = loaded.workflow.name;
  const record = startRecord(parts, { ...input, loaded, actor: caller.actor });
  const also_running = await store.list({
    project: parts.project,
    workflow_name,
    live: true,
    limit: MAX_ALSO_RUNNING,
  });
  refuseInputs(parts, loaded, input.context);
  const { project, probe } = parts;
  const place = { project, trusted: loaded.trusted, head: probe.head(project) };
  const instance_id = record.instance_id;
  if (showsChanges(loaded.workflow)) await parts.exhibits.begin({ instance_id, project });
  const made = begin(loaded.workflow, record, place);
  const instance = await store.create(record, made, loaded.workflow);
  if (instance.instance_id !== record.instance_id)
    return repeated(await openCall(parts, instance.instance_id, caller), input);
  notify(parts, null, instance);
  parts.log.info({ instance_id: instance.instance_id, workflow: workflow_name }, "instance started");
  const call = callOn({ parts, caller, store }, instance, loaded);
  return handedOut(call, also_running.length > 0 ? { also_running } : {});
}

/** The definition of that name as it is now. Throws DEFINITION_NOT_FOUND or DEFINITION_INVALID. */
export async function findDefinition(parts: Parts, name: string): Promise<LoadedWorkflow> {
  const found = findLoaded(await parts.source.catalog(), name);
  parts.definitions.keep(found);
  return found;
}

/**
 * The workflow of that name in a catalogue, else the one of the same letters in another case. Throws
 * DEFINITION_NOT_FOUND or DEFINITION_INVALID.
 */
export function findLoaded({ workflows, invalid, places }: Catalog, given: string): LoadedWorkflow {
  const name = asWritten(given, [...workflows.keys(), ...invalid.keys()]);
  const found = workflows.get(name);
  if (found) return found;
  const problems = invalid.get(name);
  if (problems) {
    const list = problems.map((each) => `${each.file}:${each.line} ${each.message}`).join("; ");
    throw new AppError("DEFINITION_INVALID", `Workflow "${name}" has problems: ${list}`, {
      hint: `Correct the files (\`orchestrator validate ${name}\` lists the problems), then send the same call again.`,
      details: { problems: problems.map(({ source, ...problem }) => problem) },
    });
  }
  const names = [...workflows.keys()];
  const near = names.length > 0 ? `${didYouMean(name, names)}There are: ${names.join(", ")}.` : "";
  const looked = `Looked in: ${places.join(", ")}.`;
  throw new AppError("DEFINITION_NOT_FOUND", `There is no workflow "${oneLine(name, 200)}".`, {
    hint: `${near || "No workflow can be started here; call list_workflows to see what is wrong."} ${looked}`,
    details: { workflows: names, places },
  });
}

function startRecord(parts: Parts, from: StartInput & { loaded: LoadedWorkflow; actor: string }): Start {
  const started_at = stamp(parts);
  const step = firstStep(from.loaded.workflow);
  const context = atEntry(step, from.context);
  const turn = turnAtEntry(step, { count: 1, now: started_at, context, visit: 1, seq: 0 });
  return {
    instance_id: parts.newId(),
    definition: from.loaded.hash,
    first_step: step.name,
    context,
    request_id: from.request_id ?? null,
    unattended: from.unattended ?? false,
    actor: from.actor,
    started_at,
    ...told(turn),
  };
}

/** The context without what entering the step removes. */
function atEntry(step: Step, context: JsonObject): JsonObject {
  return applyPatch(context, patchFor(context, cleared(step)));
}

/** Throws INVALID_INPUT that names each value that the workflow's inputs do not allow. */
function refuseInputs({ schemas }: Parts, { workflow }: LoadedWorkflow, context: JsonObject): void {
  if (!workflow.inputs) return;
  const { faults } = schemas.judge(workflow.inputs, context, { coerce: false });
  if (faults.length === 0) return;
  throw new AppError(
    "INVALID_INPUT",
    `context does not fit "${workflow.name}": ${faults.join("; ")}; nothing changed.`,
    {
      hint: "Send the same call with these values in context; list_workflows shows what it takes.",
      details: { faults },
    },
  );
}

async function repeated(call: Call, input: StartInput): Promise<Outcome> {
  const { workflow_name, instance_id } = call.current;
  const first = await call.store.start(instance_id);
  const sent = atEntry(firstStep(call.workflow), input.context);
  const same =
    first?.forked_from === undefined &&
    isSameName(workflow_name, input.workflow_name) &&
    Bun.deepEquals(first?.context, sent, true) &&
    first?.unattended === (input.unattended ?? false);
  if (same) return handedOut(call, { replayed: true });
  throw new AppError(
    "INVALID_INPUT",
    `request_id "${input.request_id}" already started instance "${instance_id}" with other arguments; nothing changed.`,
    { hint: "Use a new request_id for another run, or repeat the first call unchanged." },
  );
}
