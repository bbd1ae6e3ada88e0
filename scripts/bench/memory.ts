/** Resident memory once many calls are over, whether it grows from one lot of them to the next, and its most meanwhile. */
import type { Server, Transport } from "../client/server.ts";
import { drive } from "./drive.ts";
import type { Measure } from "./measure.ts";
import { advance, callersOf, newChain, startSubjects } from "./subjects.ts";

const CALLS = 20_000;
const LOTS = 3;
const STEP = 1_000;
const CALLERS = 8;
/** Between the last call of a lot and the reading: an agent works longer than that between two calls. */
const QUIET_MS = 2_000;
const MOST_MB = 90;
/** In MB for 1,000 calls: less is the collector's mood. */
const MOST_GROWTH = 0.1;

interface Lot {
  /** Each in MB. */
  after: number;
  most: number;
}

export const memory = (transports: Transport[]): Measure[] =>
  transports.map((transport) => ({
    name: `memory ${transport}`,
    async run(bench) {
      const calls = bench.quick ? CALLS / 10 : CALLS;
      const { product, reference, end } = await startSubjects(bench, transport);
      const first = await residentAfter(product, calls);
      const theirs = await residentAfter(reference, calls);
      let last = first;
      for (let lot = 1; lot < LOTS; lot++) last = await residentAfter(product, calls);
      await end();
      return {
        results: [
          {
            name: `resident after ${calls} calls, ${transport}`,
            value: first.after,
            unit: "MB",
            target: { most: MOST_MB },
            behind: `${wordsOf(first)}; the reference: ${wordsOf(theirs)}`,
          },
          {
            name: `its growth, ${transport}`,
            value: (last.after - first.after) / (((LOTS - 1) * calls) / 1_000),
            unit: "MB per 1,000",
            target: { most: MOST_GROWTH },
            behind: `after ${LOTS * calls} calls: ${wordsOf(last)}`,
          },
        ],
      };
    },
  }));

async function residentAfter(server: Server, calls: number): Promise<Lot> {
  const clients = await callersOf(server, CALLERS);
  let most = 0;
  for (let done = 0; done < calls; done += STEP) {
    const chains = await Promise.all(clients.map(newChain));
    await drive(
      chains.map((chain) => () => advance(chain)),
      STEP / CALLERS,
    );
    most = Math.max(most, server.residentMb());
  }
  await Bun.sleep(QUIET_MS);
  return { after: server.residentMb(), most };
}

function wordsOf({ after, most }: Lot): string {
  return `${after.toFixed(0)} MB, at most ${most.toFixed(0)} meanwhile`;
}
