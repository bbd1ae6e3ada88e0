/** Approvals: what waits for a person's yes, what that is bound to, the decision, and the step that is handed out by it. */
import type { Digest } from "../approval.ts";
import type { Branch } from "../branch.ts";
import { AppError } from "../errors.ts";
import type { Instance, InstanceSummary } from "../instance.ts";
import { currentStep } from "../instance.ts";
import { overError, requestOf } from "../rules/approve.ts";
import type { Request } from "../turn.ts";
import type { Step } from "../workflow.ts";
import { digestsOf, type Look, look, whatChanged } from "./bound.ts";
import { type Call, happen, openCall } from "./call.ts";
import { decideDenial } from "./decide.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { SERVER } from "./serve.ts";

/** Suspended runs that are read at a time. */
const PAGE = 500;

/** A run that waits for a yes or no. */
export interface Waits {
  instance_id: string;
  workflow_name: string;
  step_name: string;
  visit: number;
  project: string;
  /** Where it hangs; absent: it is a root. */
  branch?: Branch;
  approval_id: string;
  ask: string;
  since: string;
  expires_at?: string;
  /** Why it is asked again. */
  again?: string;
}

/** The same with all that a yes would be bound to. */
export interface Bound extends Waits, Look {}

/** `decided: false`: nothing was decided, since what was shown is not what is there now, which is to be shown instead. */
export type Decided = { decided: true; outcome: Outcome } | { decided: false; again: string; bound: Bound };

export interface DecideInput {
  instance_id: string;
  /** The visit that it was about: what is decided of one says nothing of another. */
  visit: number;
  /** The request that was shown, the hash of what was, and its digests. */
  approval_id: string;
  hash: string;
  shown: Digest[];
  yes: boolean;
  comment?: string | undefined;
}

/** What waits for an approval in this project, or in all, the newest run first. */
export async function approvals(parts: Parts, { all }: { all: boolean }): Promise<Waits[]> {
  const store = await parts.store();
  const found: Waits[] = [];
  let after: InstanceSummary | undefined;
  for (;;) {
    const page = await store.list({
      project: all ? null : parts.project,
      status: "SUSPENDED",
      branches: true,
      limit: PAGE,
      after,
    });
    for (const { instance_id } of page.filter(({ waiting_for }) => waiting_for?.kind === "approval")) {
      const instance = await store.load(instance_id);
      const request = instance && openRequest(instance);
      if (request) found.push(waitsOf(instance, request));
    }
    after = page.at(-1);
    if (page.length < PAGE) return found;
  }
}

/** All that a yes would be bound to now. Asks anew if the request is over. Throws INVALID_INPUT if none is open. */
export async function bound(parts: Parts, instanceId: string): Promise<Bound> {
  return boundOf(await renewed(await openCall(parts, instanceId, { actor: SERVER })));
}

/**
 * A person's decision. A yes counts if all is as it was shown; a no counts whatever has changed, also after a yes that is not
 * spent. Repeated, a yes answers the same. Throws INVALID_INPUT if no request is open, CONFLICT, INSTANCE_FINAL.
 */
export async function decideApproval(parts: Parts, input: DecideInput, caller: Caller): Promise<Decided> {
  const opened = await openCall(parts, input.instance_id, caller);
  if (opened.current.visit !== input.visit) throw overError(opened.current);
  if (!input.yes) return { decided: true, outcome: await sayNo(opened, input) };
  const given = requestOf(opened.current);
  const { approval_id, hash } = input;
  if (given?.yes && given.approval_id === approval_id && given.yes.hash === hash)
    return { decided: true, outcome: handedOut(opened) };
  const call = await renewed(opened);
  const request = openRequest(call.current);
  const now = await boundOf(call);
  if (request?.approval_id !== approval_id)
    return { decided: false, again: now.again ?? "it was asked anew", bound: now };
  if (now.hash !== hash) {
    const why = `${await whatChanged(call, input.shown, now.shown)} after it was shown, so it is asked again`;
    return { decided: false, again: why, bound: await boundOf(await askAnew(call, why)) };
  }
  const yes = { approval_id, hash, shown: digestsOf(now.shown) };
  const approved = await happen(call, { kind: "approved", yes });
  parts.log.info({ instance_id: input.instance_id, approval_id, by: caller.actor }, "approved");
  return { decided: true, outcome: handedOut(approved) };
}

/**
 * Spends the yes at which the run stands, if all is still as it was approved; else a person is asked again. Throws CONFLICT if
 * another writer was first.
 */
export async function spend(call: Call): Promise<Call> {
  const yes = requestOf(call.current)?.yes;
  if (!yes) return call;
  const { hash, shown } = await look(call);
  if (hash === yes.hash) return happen(call, { kind: "opened" });
  const changed = await whatChanged(call, yes.shown, shown);
  return askAnew(call, `it was approved at ${yes.at.slice(11, 19)} UTC; ${changed}, so it is asked again`);
}

/** The call with a request that is not over: one that has expired is asked anew. */
export async function renewed(call: Call): Promise<Call> {
  const expires_at = openRequest(call.current)?.expires_at;
  if (!expires_at || expires_at > stamp(call.parts)) return call;
  return askAnew(call, `the request before it expired at ${expires_at}`);
}

async function askAnew(call: Call, why: string): Promise<Call> {
  const ours = { ...call, caller: { ...call.caller, actor: SERVER } };
  return { ...(await happen(ours, { kind: "asked anew", why })), caller: call.caller };
}

async function sayNo(call: Call, { shown, comment = "" }: DecideInput): Promise<Outcome> {
  const step = currentStep(call.workflow, call.current);
  const request = requestOf(call.current);
  if (!step || !request) throw overError(call.current);
  const to = await whereNoLeads(call, { step, comment });
  const { approval_id } = request;
  const no = { approval_id, comment, shown: digestsOf(shown) };
  const denied = await happen(call, { kind: "denied", no: { ...no, to } }).catch((error) => {
    if (!(error instanceof AppError) || error.code !== "INCOMPLETE_REPORT") throw error;
    return happen(call, { kind: "fell", why: error.message, ruling: { kind: "denied", ...no } });
  });
  call.parts.log.info({ instance_id: call.current.instance_id, approval_id, by: call.caller.actor }, "denied");
  return handedOut(denied);
}

/** By a route that names the approval, else by the definition's `denied`; null if by neither. */
async function whereNoLeads(call: Call, { step, comment }: { step: Step; comment: string }) {
  const byRoute = await decideDenial(call, { step, comment });
  if (byRoute) return byRoute;
  const next_step = step.approval?.denied;
  return next_step === undefined ? null : { next_step, reasoning: "the step's `denied`" };
}

async function boundOf(call: Call): Promise<Bound> {
  const request = openRequest(call.current);
  if (!request) throw overError(call.current);
  return { ...waitsOf(call.current, request), ...(await look(call)) };
}

/** The request at which the run stands, while nobody said yes. */
function openRequest(instance: Instance): Request | null {
  const request = requestOf(instance);
  return request?.yes ? null : request;
}

function waitsOf(instance: Instance, { yes: _yes, ...request }: Request): Waits {
  const { instance_id, workflow_name, step_name, visit, project, turn, branch } = instance;
  const { message: ask = "", since } = turn ?? { since: instance.updated_at };
  const { approval_id, expires_at, again } = request;
  const more = { ...(branch ? { branch } : {}), ...(expires_at ? { expires_at } : {}), ...(again ? { again } : {}) };
  return { instance_id, workflow_name, step_name, visit, project, approval_id, ask, since, ...more };
}
