/** Whether a call costs more in a file of many runs: a small file and larger ones, call by call in turns. */
import type { Client } from "../client/client.ts";
import { createRoom } from "../client/room.ts";
import { fill } from "./fill.ts";
import type { Measure, Result } from "./measure.ts";
import { median } from "./statistics.ts";
import { advance, type Chain, start } from "./subjects.ts";

const SMALL = 1_000;
const MOST = 1.15;

export const manyInstances: Measure = {
  name: "instances",
  async run({ product, quick, instances }) {
    const large = quick ? Math.min(instances, 20_000) : instances;
    const sizes = [SMALL, ...[10_000, 100_000].filter((size) => size < large), large];
    const calls = quick ? 100 : 1_500;
    const files: File[] = [];
    const results: Result[] = [];
    try {
      for (const size of sizes) files.push(await openFile(product, { size, sample: Math.min(size, calls + 50) - 1 }));
      const advanced = await inTurns(files, calls, advanceOne);
      const started = await inTurns(files, Math.ceil(calls / 3), ({ client }) => start(client));
      results.push(ratioOf(`advance at ${large} instances against ${SMALL}`, advanced));
      results.push(ratioOf(`start at ${large} instances against ${SMALL}`, started));
      const points = (all: number[][]) => sizes.map((x, index) => ({ x, y: median(all[index] ?? []) }));
      return {
        results,
        series: [
          { name: "advance", points: points(advanced) },
          { name: "start", points: points(started) },
        ],
      };
    } finally {
      for (const file of files) await file.end();
    }
  },
};

interface File {
  client: Client;
  /** Each advanced in turn. */
  chains: Chain[];
  next: number;
  end(): Promise<void>;
}

async function openFile(product: string, { size, sample }: { size: number; sample: number }): Promise<File> {
  const room = createRoom();
  const ids = await fill(room, product, { count: size, sample });
  const server = await room.serve(product, { transport: "stdio" });
  const client = await server.client();
  const end = async () => {
    await server.end("SIGTERM");
    room.dispose();
  };
  return { client, chains: ids.map((id) => ({ client, id, visit: 2 })), next: 0, end };
}

function advanceOne(file: File): Promise<unknown> {
  const chain = file.chains[file.next++ % file.chains.length];
  if (!chain) throw new Error("the file holds no runs");
  return advance(chain);
}

/** The latencies of each file, in milliseconds; the first calls warm up. */
async function inTurns(files: File[], calls: number, one: (file: File) => Promise<unknown>): Promise<number[][]> {
  const latencies = files.map((): number[] => []);
  for (let call = -50; call < calls; call++) {
    for (const [index, file] of files.entries()) {
      const sent = performance.now();
      await one(file);
      if (call >= 0) latencies[index]?.push(performance.now() - sent);
    }
  }
  return latencies;
}

function ratioOf(name: string, latencies: number[][]): Result {
  const medians = latencies.map(median);
  const value = (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN);
  const behind = `${medians.map((each) => each.toFixed(3)).join(", ")} ms`;
  return { name, value, unit: "×", target: { most: MOST }, behind };
}
