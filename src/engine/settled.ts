/** An outcome once the run has settled: whatever the server and the clock had to do is done, or goes on in the background. */
import { AppError } from "../errors.ts";
import { goesOnByItself } from "../turn.ts";
import { oneLine } from "../words.ts";
import type { Workflow } from "../workflow.ts";
import { type Call, callOn } from "./call.ts";
import { type Board, type EndedBranch, handedOut, type Outcome, type ServerDid } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";
import { boardOf, endedBranch, whereNext } from "./places.ts";
import { lastDecision } from "./read.ts";
import { SERVER } from "./serve.ts";
import type { Settler } from "./settle.ts";

/** Server steps that an answer tells of. */
const MAX_TOLD = 20;
/** Most characters of what the report said that ended a run as failed. */
const MAX_SAID = 200;

interface Settling {
  parts: Parts;
  settler: Settler;
  caller: Caller;
}

/** `until`, by `performance.now()`: how long the call may wait for it. What the call did is durable: it is answered in any case. */
export async function settleOutcome(settling: Settling, outcome: Outcome, until: number): Promise<Outcome> {
  try {
    return await settleWithin(settling, outcome, until);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "PERSISTENCE_ERROR") throw error;
    settling.parts.log.warn(
      { err: error },
      "what became of a run could not be read; the answer tells of the call alone",
    );
    return outcome;
  }
}

async function settleWithin(settling: Settling, outcome: Outcome, until: number): Promise<Outcome> {
  const { parts, caller } = settling;
  const { instance, workflow } = outcome;
  const of = instance.turn?.of;
  const settles =
    of === "server" || of === "clock" || of === "branches" || (instance.branch !== null && of === undefined);
  if (!settles && !hasServerSteps(workflow)) return outcome;
  const call = callOn({ parts, caller, store: await parts.store() }, instance, outcome);
  if (!settles) return { ...outcome, ...(await didOnTheWay(call, outcome)) };
  const { latest, ...tree } = await follow(settling, call, until);
  const { did: _did, checks: _checks, filler: _filler, instance: _instance, workflow: _workflow, ...told } = outcome;
  const elsewhere = latest.current.instance_id !== instance.instance_id;
  const { changed: _changed, ...whole } = told;
  const recap = told.recap && { ...told.recap, handed_out_at: null };
  const decision = latest.current.turn ? told.decision : await lastDecision(latest);
  const goesOn = goesOnByItself(latest.current);
  const wait = goesOn ? { wait_command: parts.commandLine("wait", latest.current.instance_id) } : {};
  const more = { decision, ...(recap ? { recap } : {}), ...wait, ...tree };
  const settled = handedOut(latest, { ...(elsewhere ? whole : told), ...more });
  return { ...settled, ...(await didOnTheWay(latest, settled)) };
}

/** Settles the run, and those of its tree to which that leads, until it is somebody's turn who is asked. */
async function follow(
  { settler }: Settling,
  call: Call,
  until: number,
): Promise<{ latest: Call; ended?: EndedBranch[]; board?: Board }> {
  const left = () => Math.max(0, until - performance.now());
  const ended: EndedBranch[] = [];
  let latest = call;
  for (let next: Call | null = call; next; next = await whereNext(latest)) {
    latest = await settler.settle(next, left());
    const over = await endedBranch(latest);
    if (over) ended.push(over);
  }
  const last = ended.at(-1);
  if (last?.beside) settler.seeTo(last.parent_id); // it may have been the last one
  const shown = await boardOf(latest);
  const here = shown?.call ?? latest;
  return { latest: here, ...(last ? { ended } : {}), ...(shown ? { board: shown.board } : {}) };
}

/** A run that ended as failed, with what the last report said beside why it led there. */
export async function explained(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { instance, decision } = outcome;
  if (instance.status !== "FAILED" || !decision) return outcome;
  const [last] = await (await parts.store()).decided(instance.instance_id, 1);
  const said = last?.report?.error ?? last?.report?.message ?? last?.report?.details;
  if (typeof said !== "string") return outcome;
  const quote = `"${oneLine(said, MAX_SAID)}"`;
  if (decision.reasoning.includes(quote)) return outcome; // an agent that chose FAIL is quoted already
  const reasoning = `${quote} (${decision.reasoning})`;
  return { ...outcome, decision: { ...decision, reasoning } };
}

/** The no of a person by which the last visit ended; visits that the server did since do not count. */
export async function withDenied(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { instance, workflow } = outcome;
  if (!workflow.steps.some(({ approval }) => approval)) return outcome;
  const ended = await (await parts.store()).decided(instance.instance_id, hasServerSteps(workflow) ? MAX_TOLD : 1);
  const last = ended.findLast(({ actor, report }) => actor !== SERVER || report === null);
  return last?.ruling?.kind === "denied" ? { ...outcome, denied: last } : outcome;
}

/** The server's visits since the last that somebody else ended. */
async function didOnTheWay(
  { store, current }: Call,
  { did }: Outcome,
): Promise<Pick<Outcome, "server_did" | "server_set">> {
  if (did !== "handed_out" && did !== "kept") return {};
  const decided = await store.decided(current.instance_id, MAX_TOLD);
  const last = decided.filter(({ seq }) => seq > (current.forked_from?.copied ?? 0)); // another run's server did the others
  const others = last.findLastIndex(({ actor }) => actor !== SERVER);
  const served = last.slice(others + 1);
  const server_did = served.flatMap(({ step_name, visit, evidence = [] }): ServerDid[] =>
    evidence[0] ? [{ step_name, visit, seen: evidence[0] }] : [],
  );
  if (server_did.length === 0) return {};
  return { server_did, server_set: [...new Set(served.flatMap(({ context_patch }) => Object.keys(context_patch)))] };
}

const known = new WeakMap<Workflow, boolean>();

function hasServerSteps(workflow: Workflow): boolean {
  const found = known.get(workflow) ?? workflow.steps.some(({ run }) => run);
  known.set(workflow, found);
  return found;
}
