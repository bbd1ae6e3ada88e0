/** What no rule may do: each refusal says what is wrong, that nothing changed, and the way out. */
import { mayFollow } from "../decision.ts";
import { AppError } from "../errors.ts";
import { type Instance, isFinal, MAX_CONTEXT_BYTES, MAX_NOTES, MAX_VISITS } from "../instance.ts";
import { type JsonObject, jsonBytes } from "../json.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { serverOf } from "./demands.ts";

/** INSTANCE_FINAL: the run has ended and takes nothing more. */
export function finalError({
  instance_id,
  status,
  branch,
}: Pick<Instance, "instance_id" | "status" | "branch">): AppError {
  const goOn = branch
    ? `Were you given this branch only? Stop, and tell whoever gave it to you. Else: resume_workflow {"instance_id":"${branch.root_id}"}`
    : "Tell the user; to do the work again call start_workflow.";
  return new AppError("INSTANCE_FINAL", `Instance "${instance_id}" is ${status}; nothing changed.`, {
    hint: `It takes no more reports. ${goOn}`,
    details: { status },
  });
}

/** Throws INSTANCE_FINAL if the run has ended. */
export function refuseFinal(instance: Instance): void {
  if (isFinal(instance.status)) throw finalError(instance);
}

/** Throws STEP_NOT_ALLOWED if the step may not follow, INVALID_INPUT if the run has no visit left. */
export function refuseStep(workflow: Workflow, instance: Instance, next: string): void {
  const step = findStep(workflow, instance.step_name);
  const allowed = step ? mayFollow(workflow, step) : [];
  if (!allowed.includes(next)) {
    throw new AppError("STEP_NOT_ALLOWED", `Step "${next}" may not follow "${instance.step_name}"; nothing changed.`, {
      hint: `Choose one of: ${allowed.join(", ")}`,
      details: { candidates: allowed },
    });
  }
  if (findStep(workflow, next)) refuseManyVisits(instance);
}

/**
 * Throws STEP_NOT_ALLOWED if the definition does not have the step any more, INVALID_INPUT if the run has no visit
 * left.
 */
export function refuseReturn(workflow: Workflow, instance: Instance, to: string): void {
  refuseGone(workflow, to);
  refuseManyVisits(instance);
}

/** Throws INVALID_INPUT for a visit that was not yet. */
export function refuseVisitToCome({ visit }: Pick<Instance, "visit">, wanted: number): void {
  if (wanted <= visit) return;
  throw new AppError("INVALID_INPUT", `Visit ${wanted} was not yet; nothing changed.`, {
    hint: `Choose a visit from 1 to ${visit}; get_workflow_status lists them.`,
  });
}

/** Throws STEP_NOT_ALLOWED if the definition does not have the step any more. */
export function refuseGone(workflow: Workflow, to: string): void {
  if (findStep(workflow, to)) return;
  throw new AppError("STEP_NOT_ALLOWED", `The run's definition has no step "${to}" any more; nothing changed.`, {
    hint: "Choose a visit of another step; get_workflow_status lists them.",
  });
}

function refuseManyVisits({ visit }: Instance): void {
  if (visit < MAX_VISITS) return;
  throw new AppError("INVALID_INPUT", `The instance has reached its limit of ${MAX_VISITS} visits; nothing changed.`, {
    hint: "Finish it, or start a new instance with this one's context.",
  });
}

/** Throws INVALID_INPUT if the instance runs, or waits for a yes, so that there is nothing to release. */
export function refuseNotWaiting({ instance_id, status, turn }: Instance): void {
  if (turn?.of === "person" && turn.kind === "approval") {
    throw new AppError("INVALID_INPUT", `Instance "${instance_id}" waits for an approval; nothing changed.`, {
      hint: `\`orchestrator approve ${instance_id}\` shows what it is about and asks for a yes; \`orchestrator deny ${instance_id}\` says no.`,
    });
  }
  if (status === "SUSPENDED" || isFinal(status)) return;
  throw new AppError("INVALID_INPUT", `Instance "${instance_id}" is ${status} and waits for nobody; nothing changed.`, {
    hint: `There is nothing to release; the agent goes on with resume_workflow {"instance_id":"${instance_id}"}.`,
  });
}

/** Throws INVALID_INPUT if the visit has no room for another note. */
export function refuseManyNotes(instance: Instance): void {
  if (instance.notes < MAX_NOTES) return;
  throw new AppError("INVALID_INPUT", `This visit already has ${MAX_NOTES} notes, the limit; nothing changed.`, {
    hint: "Keep progress in a file and report the step with success or failure when it is over.",
  });
}

/** Throws INVALID_INPUT if the context is too large. */
export function refuseLargeContext(context: JsonObject): void {
  const bytes = jsonBytes(context);
  if (bytes <= MAX_CONTEXT_BYTES) return;
  throw new AppError(
    "INVALID_INPUT",
    `The context would be ${bytes} bytes; the limit is ${MAX_CONTEXT_BYTES}; nothing changed.`,
    { hint: "Write long values to a file and set its path, or remove keys by setting them to null." },
  );
}

/** Throws INVALID_INPUT if the report sets what the server sets at another step: no report of an agent replaces what it saw. */
export function refuseServed(workflow: Workflow, { step_name }: Instance, context_updates: JsonObject): void {
  for (const key of Object.keys(context_updates)) {
    const server = serverOf(workflow, findStep(workflow, step_name), key);
    if (!server) continue;
    throw new AppError(
      "INVALID_INPUT",
      `context_updates.${key} is set by step "${server.name}" alone; nothing changed.`,
      { hint: `Send the same call without ${key}.` },
    );
  }
}
