/** What the dearest of all lists costs in a large file, and a status of a long history against one of a short history. */
import type { Client } from "../client/client.ts";
import { createRoom, WORKFLOW } from "../client/room.ts";
import { fillWithEnded } from "./many-runs.ts";
import type { Measure, Result } from "./measure.ts";
import { median } from "./statistics.ts";
import { advance, newChain } from "./subjects.ts";

const MOST_MS = 10;
/** Both answers are as full as can be. */
const SHORT = 60;
const LONG = 1_000;
const MOST_RATIO = 1.25;

const QUERIES = [{}, { all_projects: true }].flatMap((place) =>
  [{}, { workflow_name: WORKFLOW }, { workflow_name: "NONE" }].flatMap((workflow) =>
    [{}, ...["RUNNING", "SUSPENDED", "COMPLETED", "CANCELLED"].map((status) => ({ status }))].map((state) => ({
      ...place,
      ...workflow,
      ...state,
    })),
  ),
);

export const lists: Measure = {
  name: "lists",
  async run({ product, quick, instances }) {
    const count = quick ? Math.min(instances, 20_000) : instances;
    const rounds = quick ? 5 : 25;
    const room = createRoom();
    await fillWithEnded(room, product, { count, ended: Math.floor(count / 2), entries: 1 });
    const server = await room.serve(product, { transport: "stdio" });
    const client = await server.client();
    const results = [await dearestList(client, { count, rounds }), await longStatus(client, rounds * 8)];
    await server.end("SIGTERM");
    room.dispose();
    return { results };
  },
};

async function dearestList(client: Client, { count, rounds }: { count: number; rounds: number }): Promise<Result> {
  const found: { query: string; milliseconds: number }[] = [];
  for (const query of QUERIES) {
    const list = () => timed(client, "list_instances", { limit: 100, ...query });
    await list();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await list());
    found.push({ query: JSON.stringify(query), milliseconds: median(times) });
  }
  found.sort((one, other) => other.milliseconds - one.milliseconds);
  const [dearest] = found;
  if (!dearest) throw new Error("there is no list");
  const behind = found.slice(0, 3).map(({ query, milliseconds }) => `${query} ${milliseconds.toFixed(2)} ms`);
  return {
    name: `the dearest of ${found.length} lists at ${count} instances`,
    value: dearest.milliseconds,
    unit: "ms",
    target: { most: MOST_MS },
    behind: behind.join(", "),
  };
}

async function longStatus(client: Client, rounds: number): Promise<Result> {
  const [short, long] = [await runOf(client, SHORT), await runOf(client, LONG)];
  const times = { short: [] as number[], long: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.short.push(await timed(client, "get_workflow_status", { instance_id: short, history_limit: LONG }));
    times.long.push(await timed(client, "get_workflow_status", { instance_id: long, history_limit: LONG }));
  }
  return {
    name: `status of ${LONG} visits against ${SHORT}`,
    value: median(times.long) / median(times.short),
    unit: "×",
    target: { most: MOST_RATIO },
    behind: `${median(times.long).toFixed(2)} against ${median(times.short).toFixed(2)} ms`,
  };
}

async function runOf(client: Client, visits: number): Promise<string> {
  const chain = await newChain(client);
  while (chain.visit <= visits) await advance(chain);
  return chain.id;
}

async function timed(client: Client, tool: string, args: object): Promise<number> {
  const sent = performance.now();
  const told = await client.call(tool, args);
  if (told.isError) throw new Error(told.text);
  return performance.now() - sent;
}
