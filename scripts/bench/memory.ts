/** Resident memory after many calls, and whether it grows; that of the reference server stands beside it. */
import type { Server, Transport } from "../client/server.ts";
import { drive } from "./drive.ts";
import type { Measure, Result } from "./measure.ts";
import { advance, callersOf, newChain, startSubjects } from "./subjects.ts";

/** The heap is a saw with teeth of up to 20,000 calls: growth shows in its lowest points, over three teeth. */
const CALLS = 60_000;
const COUNTED = 20_000;
const STEP = 1_000;
const CALLERS = 8;
const MOST_MB = 90;
/** In MB for 1,000 calls: less is the collector's mood (seen up to 0.4 with none left after 200,000 calls). */
const MOST_GROWTH = 0.5;

export const memory = (transports: Transport[]): Measure[] =>
  transports.map((transport) => ({
    name: `memory ${transport}`,
    async run(bench) {
      const calls = bench.quick ? CALLS / 20 : CALLS;
      const counted = bench.quick ? calls : COUNTED;
      const { product, reference, end } = await startSubjects(bench, transport);
      const ours = await residentBy(product, calls);
      const theirs = await residentBy(reference, counted);
      await end();
      const peak = Math.max(...ours.slice(0, counted / STEP));
      const third = Math.floor(ours.length / 3);
      const growth = Math.min(...ours.slice(-third)) - Math.min(...ours.slice(third, 2 * third));
      const results: Result[] = [
        {
          name: `most resident in ${counted} calls, ${transport}`,
          value: peak,
          unit: "MB",
          target: { most: MOST_MB },
          behind: `the reference: ${Math.max(...theirs).toFixed(0)} MB`,
        },
        {
          name: `growth of its lowest points, ${transport}`,
          value: growth / ((third * STEP) / 1_000),
          unit: "MB per 1,000",
          target: { most: MOST_GROWTH },
          behind: `by thousands: ${ours.map((each) => each.toFixed(0)).join(" ")} MB`,
        },
      ];
      return { results };
    },
  }));

/** After each thousand calls, in MB. */
async function residentBy(server: Server, calls: number): Promise<number[]> {
  const clients = await callersOf(server, CALLERS);
  const resident: number[] = [];
  for (let done = 0; done < calls; done += STEP) {
    const chains = await Promise.all(clients.map(newChain));
    await drive(
      chains.map((chain) => () => advance(chain)),
      STEP / CALLERS,
    );
    resident.push(server.residentMb());
  }
  return resident;
}
