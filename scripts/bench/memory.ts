/** Resident memory of the product after many calls, and whether it grows. */
import { createRoom } from "../client/room.ts";
import type { Transport } from "../client/server.ts";
import { drive } from "./drive.ts";
import type { Measure } from "./measure.ts";
import { slope } from "./statistics.ts";
import { advance, callersOf, newChain } from "./subjects.ts";

const CALLS = 20_000;
const STEP = 1_000;
const CALLERS = 8;
const MOST_MB = 90;
/** What the collector's own ups and downs may look like, in MB for 1,000 calls: 2 MB in the counted half. */
const MOST_SLOPE = 0.2;

export const memory = (transports: Transport[]): Measure[] =>
  transports.map((transport) => ({
    name: `memory ${transport}`,
    async run({ product, quick }) {
      const calls = quick ? CALLS / 5 : CALLS;
      const room = createRoom();
      const server = await room.serve(product, { transport });
      const clients = await callersOf(server, CALLERS);
      const resident: number[] = [];
      for (let done = 0; done < calls; done += STEP) {
        const chains = await Promise.all(clients.map(newChain));
        const callers = chains.map((chain) => () => advance(chain));
        await drive(callers, STEP / CALLERS);
        resident.push(server.residentMb());
      }
      await server.end("SIGTERM");
      room.dispose();
      const behind = `${resident.map((each) => each.toFixed(0)).join(" ")} MB, each 1,000 calls`;
      const growth = slope(resident.slice(resident.length / 2));
      return {
        results: [
          {
            name: `resident after ${calls} calls, ${transport}`,
            value: resident.at(-1) ?? Number.NaN,
            unit: "MB",
            target: { most: MOST_MB },
            behind,
          },
          {
            name: `its growth in the second half, ${transport}`,
            value: growth,
            unit: "MB per 1,000",
            target: { most: MOST_SLOPE },
            behind: "",
          },
        ],
      };
    },
  }));
