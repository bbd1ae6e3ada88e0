/** What /api answers, as schemas: for whoever reads it, and for the tests that hold it to them. */
import { z } from "zod";
import { HistoryEntry, Instance, InstanceSummary, Status } from "../instance.ts";
import { JsonObject } from "../json.ts";
import { Asking, Held, Refused } from "../overview.ts";
import { TurnKind } from "../turn.ts";
import { Workflow } from "../workflow.ts";

const Branches = z.object({
  step_name: z.string(),
  visit: z.int(),
  total: z.int(),
  shown: z.array(z.object({ instance_id: z.string(), status: Status })),
});

/** GET /api/runs: the newest first. */
export const RunsAnswer = z.strictObject({
  runs: z.array(InstanceSummary),
  next_cursor: z.string().optional(),
  searched_to: z.string().optional(),
});

/** GET /api/runs/ID. */
export const RunAnswer = z.strictObject({
  run: Instance,
  waiting_for: z.object({ kind: TurnKind, since: z.string() }).nullable(),
  /** The definition that it is pinned to. */
  workflow: Workflow,
  /** Those that are open and the last ones; null if it never had any. */
  branches: Branches.nullable(),
  walk: z.array(
    z.strictObject({ from: z.string(), to: z.string(), count: z.int(), rewind: z.literal(true).optional() }),
  ),
  forks: z.array(InstanceSummary),
  held: z.array(Held),
  /** The last 1,000. */
  refused: z.array(Refused),
});

/** GET /api/runs/ID/history: the oldest first; `total` is the `seq` of the run's last entry. */
export const HistoryAnswer = z.strictObject({ entries: z.array(HistoryEntry), total: z.int() });

/** GET /api/runs/ID/output. */
export const OutputAnswer = z.strictObject({ text: z.string(), cut: z.boolean() });

/** GET /api/runs/ID/bound: what a yes is bound to now; `visit`, `approval_id`, `hash` and `shown` go back with it. */
export const BoundAnswer = z.object({
  instance_id: z.string(),
  visit: z.int(),
  approval_id: z.string(),
  ask: z.string(),
  hash: z.string(),
  shown: z.array(z.object({ what: z.string(), digest: z.string().nullable() })),
});

/** GET /api/approvals: all that waits for a person, and what is only paused behind it. */
export const WaitingAnswer = z.strictObject({ waiting: z.array(Asking) });

const Problem = z.object({ file: z.string(), line: z.int(), message: z.string(), hint: z.string() });

/** GET /api/workflows. */
export const WorkflowsAnswer = z.strictObject({
  workflows: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string().optional(),
      goal: z.string(),
      steps: z.array(z.string()),
      inputs: JsonObject.optional(),
    }),
  ),
  invalid: z.array(z.strictObject({ name: z.string(), problems: z.array(Problem) })),
});

/** GET /api/workflows/NAME: the files as they are now; `workflow` is null if it cannot be started. */
export const WorkflowAnswer = z.strictObject({ workflow: Workflow.nullable(), problems: z.array(Problem) });

/** GET /api/moment: a higher number after each commit, of whichever process, as long as this server runs. */
export const MomentAnswer = z.strictObject({ moment: z.int() });

/** GET /api/workflows/NAME/statistics. */
export const StatisticsAnswer = z.object({
  workflow_name: z.string(),
  runs: z.int(),
  steps: z.array(z.object({ step_name: z.string(), visits: z.int() })),
});

/** POST /api/runs/ID/…: the run as it is then; of a fork, the new one. */
export const DoneAnswer = z.strictObject({
  instance_id: z.string(),
  status: Status,
  step_name: z.string(),
  visit: z.int(),
  waiting_for: z.object({ kind: TurnKind }).nullable(),
});

/** Every answer with a status of 400 or more. */
export const ErrorAnswer = z.strictObject({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});
