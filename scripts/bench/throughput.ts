/** advance, start and list_workflows against the reference, over each transport. */
import type { Client } from "../client/client.ts";
import type { Server, Transport } from "../client/server.ts";
import { type Comparison, compare, drive, type Round } from "./drive.ts";
import type { Bench, Measure, Result } from "./measure.ts";
import { advance, callersOf, newChain, start, startSubjects } from "./subjects.ts";

const ADVANCE = [
  { callers: 1, each: 300, least: 0.85 },
  { callers: 8, each: 150, least: 0.75 },
  { callers: 64, each: 40, least: 0.75 },
];
const MOST_P99 = 1.5;
const WARM_UP_CALLS = 2_000;

/** One round at a server: what its callers do. */
type Job = (clients: Client[], each: number) => Promise<Round>;

const advanceJob: Job = async (clients, each) => {
  const chains = await Promise.all(clients.map(newChain));
  return drive(
    chains.map((chain) => () => advance(chain)),
    each,
  );
};
const startJob: Job = (clients, each) =>
  drive(
    clients.map((client) => () => start(client)),
    each,
  );
const listJob: Job = (clients, each) =>
  drive(
    clients.map((client) => () => client.call("list_workflows")),
    each,
  );

function measureOf(transport: Transport): Measure {
  return {
    name: `throughput ${transport}`,
    async run(bench) {
      const subjects = await startSubjects(bench, transport);
      const both = { product: subjects.product, reference: subjects.reference, bench };
      try {
        await warmUp(both);
        const results: Result[] = [];
        for (const { callers, each, least } of ADVANCE) {
          const found = await compareJobs(both, advanceJob, { callers, each });
          const name = `advance, ${callers} at once, ${transport}`;
          results.push(rateOf(name, found, least), p99Of(name, found));
        }
        const started = await compareJobs(both, startJob, { callers: 8, each: 60 });
        results.push(rateOf(`start, 8 at once, ${transport}`, started, 0.7));
        const listed = await compareJobs(both, listJob, { callers: 8, each: 200 });
        results.push(rateOf(`list_workflows, 8 at once, ${transport}`, listed, 0.8));
        return { results };
      } finally {
        await subjects.end();
      }
    },
  };
}

export const throughput = (transports: Transport[]): Measure[] => transports.map(measureOf);

interface Both {
  product: Server;
  reference: Server;
  bench: Bench;
}

async function compareJobs(
  { product, reference, bench }: Both,
  job: Job,
  { callers, each }: { callers: number; each: number },
): Promise<Comparison> {
  const calls = bench.quick ? Math.ceil(each / 5) : each;
  const [ours, theirs] = [await callersOf(product, callers), await callersOf(reference, callers)];
  return compare(bench.quick ? 2 : 9, { product: () => job(ours, calls), reference: () => job(theirs, calls) });
}

/** Until the engine has compiled what is called often. */
async function warmUp({ product, reference, bench }: Both): Promise<void> {
  const each = (bench.quick ? WARM_UP_CALLS / 10 : WARM_UP_CALLS) / 8;
  for (const server of [product, reference]) await advanceJob(await callersOf(server, 8), each);
}

function rateOf(name: string, { rate, product, reference }: Comparison, least: number): Result {
  const behind = `${Math.round(product)}/s against ${Math.round(reference)}/s`;
  return { name, value: rate, unit: "×", target: { least }, behind };
}

function p99Of(name: string, { p99, productP99, referenceP99 }: Comparison): Result {
  const behind = `${productP99.toFixed(2)} ms against ${referenceP99.toFixed(2)} ms`;
  return { name: `p99 of ${name}`, value: p99, unit: "×", target: { most: MOST_P99 }, behind };
}
