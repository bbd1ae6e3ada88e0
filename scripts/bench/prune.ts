/** How long prune takes, and what it costs others meanwhile: a server that advances a run, call by call. */
import { statSync } from "node:fs";
import { z } from "zod";
import { createRoom, type Room } from "../client/room.ts";
import { fillWithEnded } from "./many-runs.ts";
import type { Measure, Result } from "./measure.ts";
import { quantile } from "./statistics.ts";
import { advance, newChain } from "./subjects.ts";

const ENDED = 100_000;
/** That stay. */
const LIVE = 20_000;
const MOST_SECONDS = 5;
const MOST_WAIT_MS = 50;
const MOST_LOG_MB = 100;
/** Between two looks at the size of the log. */
const LOOK_MS = 5;

const Pruned = z.object({ deleted: z.int() });

export const prune: Measure = {
  name: "prune",
  async run({ product, quick, instances }) {
    const small = quick ? { ended: ENDED / 20, count: (ENDED + LIVE) / 20 } : { ended: ENDED, count: ENDED + LIVE };
    const results = await among(product, small);
    if (!quick && instances > small.count) results.push(...(await among(product, { ended: ENDED, count: instances })));
    return { results };
  },
};

/** Prunes the ended out of so many runs. */
async function among(product: string, { ended, count }: { ended: number; count: number }): Promise<Result[]> {
  const room = createRoom();
  await fillWithEnded(room, product, { count, ended, entries: 1 });
  const server = await room.serve(product, { transport: "stdio" });
  const client = await server.client();
  let pruning = true;
  const told = prunedIn(room, product).finally(() => {
    pruning = false;
  });
  const [waits, log] = [[] as number[], watchLog(room)];
  let chain = await newChain(client);
  while (pruning) {
    if (chain.visit > 5_000) chain = await newChain(client);
    const sent = performance.now();
    await advance(chain);
    waits.push(performance.now() - sent);
  }
  const { deleted, seconds } = await told;
  const most = log.end();
  await server.end("SIGTERM");
  room.dispose();
  if (deleted !== ended) throw new Error(`${deleted} of ${ended} runs were deleted`);
  const share = (part: number) => quantile(waits, part).toFixed(1);
  const behind = `${waits.length} advances meanwhile, p50 ${share(0.5)}, p99 ${share(0.99)} ms`;
  const where = `prune of ${ended} of ${count} runs`;
  return [
    { name: where, value: seconds, unit: "s", target: { most: MOST_SECONDS }, behind },
    {
      name: `${where}: longest advance`,
      value: quantile(waits, 1),
      unit: "ms",
      target: { most: MOST_WAIT_MS },
      behind,
    },
    { name: `${where}: largest -wal`, value: most / 1e6, unit: "MB", target: { most: MOST_LOG_MB }, behind },
  ];
}

async function prunedIn({ db, path }: Room, product: string): Promise<{ deleted: number; seconds: number }> {
  const began = performance.now();
  const command = [product, "prune", "--older-than", "30d", "--json", "--db", db];
  const child = Bun.spawn(command, { cwd: path, stdout: "pipe", stderr: "inherit" });
  const told: unknown = await new Response(child.stdout).json();
  await child.exited;
  return { ...Pruned.parse(told), seconds: (performance.now() - began) / 1_000 };
}

/** The largest size that the log had, in bytes. */
function watchLog({ db }: Room): { end(): number } {
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, statSync(`${db}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  }, LOOK_MS);
  return {
    end() {
      clearInterval(looking);
      return most;
    },
  };
}
