/** One client at work: starts runs, notes and advances, one call after the other, until the server dies. */
import { type Answer, type Client, Gone } from "../client/client.ts";
import { stepIdAt, WORKFLOW } from "../client/room.ts";
import { detailsOf, type Run, updatesOf } from "./ledger.ts";
import type { Random } from "./random.ts";

/** Visits of a run before the worker starts another. */
const RUN_LENGTH = 40;

export interface Worker {
  runs: Run[];
  /** Works until the server is gone; what it was answered stands in `runs`. Returns what was answered wrongly. */
  work(client: Client): Promise<string[]>;
  /** Sends the last call again, as a client does after a death, then finishes the run. */
  finish(client: Client): Promise<string[]>;
  answered(): { starts: number; advances: number };
}

export function createWorker(name: string, random: Random): Worker {
  const runs: Run[] = [];
  let starts = 0;
  let advances = 0;
  let noted = 0;

  async function current(client: Client): Promise<Run> {
    const last = runs.at(-1);
    if (last && last.visits < RUN_LENGTH) return last;
    const request_id = `${name}-${runs.length}`; // the same again where the answer did not arrive
    const { instance_id } = told(await client.call("start_workflow", { workflow_name: WORKFLOW, request_id })).data;
    const run = { id: instance_id, visits: 0, notes: [], touched: true };
    runs.push(run);
    starts++;
    return run;
  }

  async function note(client: Client, run: Run): Promise<void> {
    const details = `note ${++noted}`;
    run.touched = true;
    await report(client, run, { status: "in_progress", details });
    run.notes.push(details);
  }

  async function advance(client: Client, run: Run): Promise<void> {
    const visit = run.visits + 1;
    run.touched = true;
    const said = { status: "success", details: detailsOf(visit) };
    const { data } = await report(client, run, said, updatesOf(visit));
    if (data.next_step?.step_id !== stepIdAt(visit + 1))
      throw new Error(`answered ${JSON.stringify(data).slice(0, 300)}`);
    run.visits = visit;
    advances++;
  }

  async function untilGone(job: () => Promise<void>): Promise<string[]> {
    try {
      await job();
      return [];
    } catch (error) {
      return error instanceof Gone ? [] : [`${runs.at(-1)?.id ?? name}: ${error}`];
    }
  }

  return {
    runs,
    work: (client) =>
      untilGone(async () => {
        for (;;) {
          const run = await current(client);
          if (random() < 0.15) await note(client, run);
          await advance(client, run);
        }
      }),
    finish: async (client) => {
      const wrong = await untilGone(async () => {
        const run = await current(client);
        await advance(client, run);
        if (run.visits % 2) await advance(client, run);
        const { data } = await report(client, run, { status: "failure", error: "enough" });
        if (data.status !== "COMPLETED") throw new Error(`ended as ${data.status}`);
        run.touched = false;
      });
      return wrong;
    },
    answered: () => ({ starts, advances }),
  };
}

async function report(client: Client, run: Run, said: object, context_updates: object = {}): Promise<Answer> {
  const step_id = stepIdAt(run.visits + 1);
  return told(
    await client.call("advance_workflow", { instance_id: run.id, report: { step_id, ...said }, context_updates }),
  );
}

function told(answer: Answer): Answer {
  if (answer.isError) throw new Error(answer.text);
  return answer;
}
