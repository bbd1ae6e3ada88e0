/**
 * All that can happen to a run, and the one way from there to what is written: the pinned definition, the run as it stands and
 * an event give the change, purely. A rule of its own stands behind each event; what follows adds cases here.
 */

import type { Ruling, Waiver } from "../approval.ts";
import type { Evidence } from "../check.ts";
import type { DecidedBy } from "../decision.ts";
import type { Change, Instance, Pending } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { Report } from "../report.ts";
import type { LoadedWorkflow, Workflow } from "../workflow.ts";
import { approve, askAnew, deny, type No, open, type Yes } from "./approve.ts";
import { branchesBegan, branchesEnded, type Heard, handJoin, spread, type Tally, takeUp } from "./branches.ts";
import type { Moment } from "./change.ts";
import { noteLate, runOut } from "./clock.ts";
import { type Ending, move } from "./move.ts";
import { bringBack, keep, note, pause, retireKept } from "./report.ts";
import { fall, handOver, lookAgain } from "./serve.ts";
import { cancel, goOn, type Return, release, repin, rewind } from "./steer.ts";
import { waive } from "./waive.ts";

interface Said {
  report: Report;
  context_updates: JsonObject;
}

export type Event =
  /** A visit ends by a decision, whoever reported and whoever decided. */
  | ({ kind: "decided" } & { ending: Omit<Ending, keyof Moment> })
  /** A report is kept until somebody decides; or what is kept becomes a note. */
  | { kind: "kept"; pending: Pending }
  | { kind: "retired" }
  /** The agent says something of a visit that stays. */
  | ({ kind: "noted" | "paused" } & Said)
  | { kind: "late"; report: Report }
  | { kind: "brought back"; report: Report | undefined; context_updates: JsonObject }
  /** What the run waited for is settled: by a resume, by a person, by the clock. */
  | { kind: "resumed" | "released" }
  | { kind: "time over"; late?: Report | undefined }
  /** The server looked at its step, gives it to the agent, or cannot go on. */
  | { kind: "looked"; until: string; message: string }
  | { kind: "handed over"; unchecked: string }
  | { kind: "fell"; why: string; report?: Report; evidence?: Evidence; ruling?: Ruling }
  /** A person decides, and their yes is spent, or what was asked is over. */
  | { kind: "approved"; yes: Yes }
  | { kind: "denied"; no: No }
  | { kind: "opened" }
  | { kind: "asked anew"; why: string }
  /** A person does not demand something of the visit, once. */
  | { kind: "waived"; waiver: Waiver }
  /** Branches: how many there are is known, some began, some ended, and the agent joins their results. */
  | { kind: "spread"; items: unknown[]; max_parallel: number }
  | { kind: "branches began"; count: number }
  | { kind: "branches ended"; ended: Tally; heard: Heard[] }
  | { kind: "join handed out"; context_updates: JsonObject }
  /** Somebody works on a branch, one of several that are open. */
  | { kind: "taken up" }
  /** Somebody steers. */
  | { kind: "cancelled"; reason: string; decided_by: DecidedBy }
  | ({ kind: "rewound" } & Return)
  | { kind: "pinned"; definition: LoadedWorkflow };

/** What the event changes; null if nothing. Throws what its rule throws, see there: then nothing may be written. */
export function changeBy(workflow: Workflow, instance: Instance, event: Event, moment: Moment): Change | null {
  switch (event.kind) {
    case "decided":
      return move(workflow, instance, { ...event.ending, ...moment });
    case "kept":
      return keep(instance, event.pending, moment);
    case "retired":
      return retireKept(instance, moment);
    case "noted":
      return note(instance, event, moment);
    case "paused":
      return pause(instance, event, moment);
    case "late":
      return noteLate(instance, event.report, moment);
    case "brought back":
      return bringBack(instance, event, moment);
    case "resumed":
      return goOn(workflow, instance, moment);
    case "released":
      return release(workflow, instance, moment);
    case "time over":
      return runOut(workflow, instance, { ...moment, ...(event.late ? { late: event.late } : {}) });
    case "looked":
      return lookAgain(instance, event);
    case "handed over":
      return handOver(instance, event.unchecked, moment);
    case "fell":
      return fall(instance, event.why, { ...event, ...moment });
    case "approved":
      return approve(workflow, instance, event.yes, moment);
    case "denied":
      return deny(workflow, instance, event.no, moment);
    case "opened":
      return open(workflow, instance, moment);
    case "asked anew":
      return askAnew(workflow, instance, event.why, moment);
    case "waived":
      return waive(workflow, instance, event.waiver, moment);
    case "spread":
      return spread(workflow, instance, { ...event, ...moment });
    case "branches began":
      return branchesBegan(instance, event.count, moment);
    case "branches ended":
      return branchesEnded(instance, event, moment);
    case "taken up":
      return takeUp(instance, moment);
    case "join handed out":
      return handJoin(instance, event.context_updates, moment);
    case "cancelled":
      return cancel(instance, event, moment);
    case "rewound":
      return rewind(workflow, instance, { ...event, ...moment });
    case "pinned":
      return repin(instance, event.definition, moment);
    default:
      return event satisfies never;
  }
}
