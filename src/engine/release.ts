/** A run that a guard suspended goes on, because a person who saw what it waits for says so. */
import { AppError } from "../errors.ts";
import type { Instance } from "../instance.ts";
import { requestOf } from "../rules/approve.ts";
import { weakened } from "../rules/demands.ts";
import type { LoadedWorkflow } from "../workflow.ts";
import { type Call, draft, happen, openCall } from "./call.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";
import { findDefinition } from "./start.ts";
import { moveTo } from "./steer.ts";

export interface ReleaseInput {
  instance_id: string;
  /** Also move it to the workflow's files as they are now, although they may demand less. */
  use_latest: boolean;
  /** What the person was shown, so that they release nothing else. */
  seen?: Pick<Releasable, "version" | "definition"> | undefined;
}

/** What a release would let go on. */
export interface Releasable {
  instance: Instance;
  version: number;
  /** The definition that it would have afterwards. */
  definition: string;
  /** What that demands less than the run's own, or runs besides, in words. */
  weakened: string[];
}

/** What `releaseInstance` would do, looked at now; rejects as that would. */
export async function lookAtRelease(
  parts: Parts,
  input: Omit<ReleaseInput, "seen">,
  caller: Caller,
): Promise<Releasable> {
  const call = await openCall(parts, input.instance_id, caller);
  const { current, workflow, trusted } = call;
  const latest = await otherDefinition(call, input);
  const moved = latest ? { ...draft(call, { kind: "pinned", definition: latest }), workflow: latest.workflow } : call;
  if (isToRelease(moved, latest)) draft(moved, { kind: "released" });
  return {
    instance: current,
    version: current.version,
    definition: latest?.hash ?? current.definition,
    weakened: latest ? weakened({ hash: current.definition, workflow, trusted }, latest) : [],
  };
}

/**
 * Lets an instance that a guard suspended go on, for a person; with `use_latest`, also moves it to the current files,
 * even if they demand less. Throws INVALID_INPUT if there is nothing to release, STEP_NOT_ALLOWED if the files do not
 * have its step, DEFINITION_NOT_FOUND, DEFINITION_INVALID, INSTANCE_FINAL; CONFLICT also if the person saw something else.
 */
export async function releaseInstance(parts: Parts, input: ReleaseInput, caller: Caller): Promise<Outcome> {
  const call = await openCall(parts, input.instance_id, caller);
  const latest = await otherDefinition(call, input);
  const { version, definition } = call.current;
  const now = { version, definition: latest?.hash ?? definition };
  if (input.seen && !Bun.deepEquals(input.seen, now)) throw changedSince(call.current);
  const moved = latest ? await moveTo(call, latest) : call;
  const released = isToRelease(moved, latest) ? await happen(moved, { kind: "released" }) : moved;
  parts.log.info({ instance_id: input.instance_id }, "instance released");
  return handedOut(released);
}

/** The files as they are now, if it is to be moved to them and has others. */
async function otherDefinition({ parts, current }: Call, { use_latest }: ReleaseInput): Promise<LoadedWorkflow | null> {
  const latest = use_latest ? await findDefinition(parts, current.workflow_name) : null;
  return latest?.hash === current.definition ? null : latest;
}

/** A run that does not wait may still be moved, and one that waits for a yes. */
function isToRelease({ current }: Call, latest: LoadedWorkflow | null): boolean {
  return latest === null || (current.status === "SUSPENDED" && !requestOf(current));
}

function changedSince({ instance_id, workflow_name }: Instance): AppError {
  return new AppError(
    "CONFLICT",
    `Instance "${instance_id}" or the files of "${workflow_name}" changed since they were shown; nothing changed.`,
    { hint: "Run the same command again: it shows how they are now." },
  );
}
