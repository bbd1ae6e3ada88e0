/** Many processes on one database file: with runs of their own, and all on one run. Nothing lost, doubled or refused. */
import { Database } from "bun:sqlite";
import type { Answer, Client } from "../client/client.ts";
import { createRoom, stepIdAt, WORKFLOW } from "../client/room.ts";
import type { Transport } from "../client/server.ts";
import { check, detailsOf, type Run, updatesOf } from "./ledger.ts";

export interface Crowd {
  executable: string;
  transport: Transport;
  processes: number;
  /** Advances in all with runs of their own. */
  own: number;
  /** Advances in all of the one run. */
  shared: number;
}

export interface CrowdVerdict {
  advances: number;
  /** Calls on the one run that another process had overtaken: told so, or given the other's decision. */
  conflicts: number;
  replays: number;
  complaints: string[];
}

/** Visits of a run; a process works at several. */
const RUN_LENGTH = 25;

export async function crowd(options: Crowd): Promise<CrowdVerdict> {
  const room = createRoom();
  const verdict: CrowdVerdict = { advances: 0, conflicts: 0, replays: 0, complaints: [] };
  const all = Array.from({ length: options.processes }, () => room.serve(options.executable, options));
  const servers = await Promise.all(all);
  try {
    const clients = await Promise.all(servers.map((each) => each.client()));
    const each = Math.ceil(options.own / options.processes / RUN_LENGTH);
    const runs = clients.flatMap((client) => Array.from({ length: each }, () => ownRun(client, verdict)));
    verdict.complaints.push(...check(room.db, await Promise.all(runs)));
    verdict.complaints.push(...(await sharedRun(clients, { db: room.db, visits: options.shared, verdict })));
  } finally {
    await Promise.all(servers.map((server) => server.end("SIGTERM")));
    room.dispose();
  }
  return verdict;
}

/** A run from its start through all its visits, while others work at theirs. */
async function ownRun(client: Client, verdict: CrowdVerdict): Promise<Run> {
  const run: Run = { id: await begin(client, verdict), visits: 0, notes: [], touched: true };
  while (run.visits < RUN_LENGTH) {
    const visit = run.visits + 1;
    const told = await report(client, run.id, { visit, details: detailsOf(visit), updates: updatesOf(visit) });
    if (told.data.next_step?.step_id !== stepIdAt(visit + 1)) {
      verdict.complaints.push(`${run.id}, visit ${visit}: ${told.text.slice(0, 200)}`);
      break;
    }
    run.visits = visit;
    verdict.advances++;
  }
  return run;
}

/** Everybody at the same visits: each is decided once, and the history names the process that was told so. */
async function sharedRun(
  clients: Client[],
  { db, visits, verdict }: { db: string; visits: number; verdict: CrowdVerdict },
): Promise<string[]> {
  const [first] = clients;
  if (!first) return ["there is nobody"];
  const id = await begin(first, verdict);
  const winners = new Map<number, string[]>();
  await Promise.all(
    clients.map((client, index) => race(client, { id, name: `by ${index}`, visits, winners, verdict })),
  );
  const expected = Array.from({ length: visits }, (_, index) => winners.get(index + 1)?.join(" and ") ?? "nobody");
  const found = detailsInOrder(db, id);
  const twice = expected.filter((each) => each.includes(" and "));
  return [
    ...(twice.length > 0 ? [`decided twice: ${twice.join("; ")}`] : []),
    ...(Bun.deepEquals(found, expected) ? [] : [`winners and history differ: ${expected.length}, ${found.length}`]),
  ];
}

interface Race {
  id: string;
  name: string;
  visits: number;
  winners: Map<number, string[]>;
  verdict: CrowdVerdict;
}

async function race(client: Client, { id, name, visits, winners, verdict }: Race): Promise<void> {
  for (let visit = 1; visit <= visits; ) {
    const told = await report(client, id, { visit, details: `${name} ${visit}`, updates: { visit } });
    if (told.isError && told.data.error_code === "CONFLICT") {
      verdict.conflicts++;
      continue;
    }
    if (told.isError) {
      verdict.complaints.push(`${name}, visit ${visit}: ${told.text.slice(0, 200)}`);
      return;
    }
    if (told.data.replayed) {
      verdict.replays++;
      visit = Math.max(visit + 1, told.data.next_step.visit); // as far as the others are
      continue;
    }
    winners.set(visit, [...(winners.get(visit) ?? []), `${name} ${visit}`]);
    verdict.advances++;
    visit++;
  }
}

async function begin(client: Client, verdict: CrowdVerdict): Promise<string> {
  const told = await client.call("start_workflow", { workflow_name: WORKFLOW });
  if (told.isError) verdict.complaints.push(told.text.slice(0, 200));
  return told.data.instance_id;
}

function report(
  client: Client,
  instance_id: string,
  said: { visit: number; details: string; updates: object },
): Promise<Answer> {
  return client.call("advance_workflow", {
    instance_id,
    report: { step_id: stepIdAt(said.visit), status: "success", details: said.details },
    context_updates: said.updates,
  });
}

function detailsInOrder(db: string, id: string): string[] {
  const file = new Database(db, { readonly: true });
  const rows = file
    .query<{ report: string }, [string]>("SELECT report FROM history WHERE instance_id = ? ORDER BY seq")
    .all(id);
  file.close();
  return rows.map(({ report }) => JSON.parse(report).details);
}
