/** Where in a tree of runs an answer is about: down to the branch that is open, up to what follows a branch that ended. */
import { openOf } from "../branch.ts";
import { AppError } from "../errors.ts";
import { type Instance, isFinal, stepIdOf } from "../instance.ts";
import { waitingFor, waitsForPerson } from "../turn.ts";
import { type Call, momentOf, openCall } from "./call.ts";
import { type Board, type EndedBranch, personCommand, type Shown } from "./outcome.ts";
import { beginMore } from "./tree.ts";
import { whyEnded } from "./why-ended.ts";

/** Branches that an error names. */
const MAX_NAMED = 5;

/** The call about the run where what follows is to be found; null if it is this one. */
export async function whereNext(call: Call): Promise<Call | null> {
  const { turn, branch, status } = call.current;
  if (turn?.of === "branches" && turn.branches?.max_parallel === 1) {
    const open = (await openIn(call, 1))[0] ?? (await openIn(await filledUp(call), 1))[0]; // the tree may have been full
    return open ? openCall(call.parts, open.instance_id, call.caller) : null;
  }
  if (!branch || !isFinal(status)) return null;
  return branch.beside ? null : openCall(call.parts, branch.parent_id, call.caller);
}

/** What an answer says of the branch at which it is, if that ended; null if it did not. */
export async function endedBranch(call: Call): Promise<EndedBranch | null> {
  const { branch, status, instance_id } = call.current;
  if (!branch || !isFinal(status)) return null;
  const { number, total, item, step_name, parent_id } = branch;
  const error = status === "COMPLETED" ? undefined : await whyEnded(call.store, instance_id);
  const ended = { instance_id, number, total, item, step_name, parent_id, status, ...(error ? { error } : {}) };
  return { ...ended, beside: branch.beside === true };
}

/** The board of a run whose branches are open several at once, filled up with new ones; null if it has none. */
export async function boardOf(call: Call): Promise<{ call: Call; board: Board } | null> {
  const { turn } = call.current;
  if (turn?.of !== "branches" || !turn.branches || turn.branches.max_parallel === 1) return null;
  const filled = await filledUp(call);
  const counts = filled.current.turn?.branches ?? turn.branches;
  const shown = (await openIn(filled, counts.max_parallel)).map((each) => ({
    ...shownOf(call.parts, each),
    taken: isTaken(each) || waitsForPerson(each),
  }));
  const of = (taken: boolean) => shown.filter((each) => each.taken === taken).map(({ taken: _taken, ...rest }) => rest);
  return { call: filled, board: { counts, fresh: of(false), open: of(true), now: momentOf(call).now } };
}

async function filledUp(call: Call): Promise<Call> {
  const { parts, store, current, workflow, trusted } = call;
  const { turn } = current;
  if (!turn?.branches || openOf(turn.branches) >= turn.branches.max_parallel) return call;
  await beginMore({ parts, store, moment: momentOf(call) }, { instance: current, workflow, trusted });
  return openCall(parts, current.instance_id, call.caller);
}

/** Somebody resumed it by its id, or reported. */
function isTaken({ branch, last_report_at }: Instance): boolean {
  return branch?.taken_at !== undefined || last_report_at !== null;
}

function shownOf(parts: Call["parts"], instance: Instance): Shown {
  const { branch, instance_id, step_name, last_report_at } = instance;
  const waiting_for = waitingFor(instance);
  const command = personCommand(parts, instance);
  return {
    number: branch?.number ?? 0,
    item: branch?.item,
    instance_id,
    step_name,
    last_report_at,
    ...(branch?.taken_at ? { taken_at: branch.taken_at } : {}),
    ...(waiting_for ? { waiting_for } : {}),
    ...(command === null ? {} : { person_command: command }),
  };
}

function openIn({ store, current }: Call, limit: number): Promise<Instance[]> {
  return store.branches(current.instance_id, current.visit, { limit, live: true });
}

/** INVALID_INPUT: the report is for a run whose branches are open, which are named. */
export async function branchesOpenError(call: Call): Promise<AppError> {
  const { instance_id, step_name } = call.current;
  const open = await openIn(call, MAX_NAMED);
  const named = open.map((each) => `${each.instance_id} (at ${each.step_name}, step_id ${stepIdOf(each)})`);
  return new AppError("INVALID_INPUT", `"${step_name}" is done by branches; nothing changed.`, {
    hint:
      named.length > 0
        ? `Report to the branch that you work on: ${named.join(", ")}. Where things stand: resume_workflow {"instance_id":"${instance_id}"}`
        : `resume_workflow {"instance_id":"${instance_id}"} hands out what is next.`,
    details: { open: open.map((each) => ({ instance_id: each.instance_id, step_id: stepIdOf(each) })) },
  });
}
