/** Whether a call costs more when its run has a long history: visits 901 to 1,000 of one in turns with 1 to 100 of another. */
import { createRoom } from "../client/room.ts";
import type { Measure } from "./measure.ts";
import { median } from "./statistics.ts";
import { advance, type Chain, newChain } from "./subjects.ts";

const VISITS = 1_000;
const SPAN = 100;
const PAIRS = 7;

export const historyLength: Measure = {
  name: "history",
  async run({ product, quick }) {
    const visits = quick ? 2 * SPAN : VISITS;
    const room = createRoom();
    const server = await room.serve(product, { transport: "stdio" });
    const client = await server.client();
    const spans = Array.from({ length: visits / SPAN }, (): number[] => []);
    const ratios: number[] = [];
    for (let pair = 0; pair < (quick ? 2 : PAIRS); pair++) {
      const old = await newChain(client);
      while (old.visit <= visits - SPAN) spans[Math.floor((old.visit - 1) / SPAN)]?.push(await timed(old));
      const [last, first] = await inTurns(old, await newChain(client));
      spans.at(-1)?.push(...last);
      if (pair > 0) ratios.push(median(last) / median(first)); // the first pair warms up
    }
    await server.end("SIGTERM");
    room.dispose();
    const points = spans.map((each, index) => ({ x: (index + 1) * SPAN, y: median(each) }));
    const behind = `${points.map(({ y }) => y.toFixed(2)).join(", ")} ms by hundreds`;
    return {
      results: [
        {
          name: `last hundred of ${visits} visits against the first`,
          value: median(ratios),
          unit: "×",
          target: { most: 1.05 },
          behind,
        },
      ],
      series: [{ name: "advance", points }],
    };
  },
};

async function inTurns(old: Chain, young: Chain): Promise<[last: number[], first: number[]]> {
  const last: number[] = [];
  const first: number[] = [];
  for (let call = 0; call < SPAN; call++) {
    last.push(await timed(old));
    first.push(await timed(young));
  }
  return [last, first];
}

async function timed(chain: Chain): Promise<number> {
  const sent = performance.now();
  await advance(chain);
  return performance.now() - sent;
}
