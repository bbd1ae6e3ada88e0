/** advance, start and list_workflows against the reference, over each transport: calls a second, and processor time. */
import type { Client } from "../client/client.ts";
import type { Server, Transport } from "../client/server.ts";
import { type Comparison, compare, drive, type Round } from "./drive.ts";
import type { Bench, Measure, Result } from "./measure.ts";
import { advance, callersOf, newChain, start, startSubjects } from "./subjects.ts";

const MOST_P99 = 1.5;
const WARM_UP_CALLS = 20_000;

/** One round at a server: what its callers do. */
type Job = (server: Server, clients: Client[], each: number) => Promise<Round>;

/** A job, by how many callers, each so often; the least rate against the reference's. */
interface Load {
  what: string;
  job: Job;
  callers: number;
  each: number;
  least: Partial<Record<Transport, number>>;
}

const advanceJob: Job = async (server, clients, each) => {
  const chains = await Promise.all(clients.map(newChain));
  return drive(
    server,
    chains.map((chain) => () => advance(chain)),
    each,
  );
};
const startJob: Job = (server, clients, each) =>
  drive(
    server,
    clients.map((client) => () => start(client)),
    each,
  );
const listJob: Job = (server, clients, each) =>
  drive(
    server,
    clients.map((client) => () => client.call("list_workflows")),
    each,
  );

const LOADS: Load[] = [
  { what: "advance", job: advanceJob, callers: 1, each: 300, least: { http: 0.8, stdio: 0.75 } },
  { what: "advance", job: advanceJob, callers: 8, each: 150, least: { http: 0.75, stdio: 0.7 } },
  { what: "advance", job: advanceJob, callers: 64, each: 40, least: { http: 0.75, stdio: 0.75 } },
  // Over HTTP each caller has a session of its own.
  { what: "advance", job: advanceJob, callers: 200, each: 12, least: { http: 0.6 } },
  { what: "start", job: startJob, callers: 8, each: 60, least: { http: 0.65, stdio: 0.6 } },
  { what: "list_workflows", job: listJob, callers: 8, each: 200, least: { http: 0.8, stdio: 0.8 } },
];

function measureOf(transport: Transport): Measure {
  return {
    name: `throughput ${transport}`,
    async run(bench) {
      const subjects = await startSubjects(bench, transport);
      const both = { product: subjects.product, reference: subjects.reference, bench };
      try {
        await warmUp(both);
        const results: Result[] = [];
        for (const load of LOADS) {
          const least = load.least[transport];
          if (least === undefined) continue;
          const found = await compareLoad(both, load);
          const name = `${load.what}, ${load.callers} at once, ${transport}`;
          results.push(rateOf(name, found, least));
          if (load.job === advanceJob) results.push(p99Of(name, found));
        }
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

async function compareLoad({ product, reference, bench }: Both, { job, callers, each }: Load): Promise<Comparison> {
  const calls = bench.quick ? Math.ceil(each / 5) : each;
  const [ours, theirs] = [await callersOf(product, callers), await callersOf(reference, callers)];
  return compare(bench.quick ? 2 : 9, {
    product: () => job(product, ours, calls),
    reference: () => job(reference, theirs, calls),
  });
}

/** Until the engine has compiled what is called often. */
async function warmUp({ product, reference, bench }: Both): Promise<void> {
  const each = (bench.quick ? WARM_UP_CALLS / 10 : WARM_UP_CALLS) / 8;
  for (const server of [product, reference]) await advanceJob(server, await callersOf(server, 8), each);
}

function rateOf(name: string, found: Comparison, least: number): Result {
  const { rate, product, reference, productCpu, referenceCpu } = found;
  const cpu = `processor ${productCpu.toFixed(0)} against ${referenceCpu.toFixed(0)} µs a call`;
  const behind = `${Math.round(product)}/s against ${Math.round(reference)}/s; ${cpu}`;
  return { name, value: rate, unit: "×", target: { least }, behind };
}

function p99Of(name: string, { p99, productP99, referenceP99 }: Comparison): Result {
  const behind = `${productP99.toFixed(2)} ms against ${referenceP99.toFixed(2)} ms`;
  return { name: `p99 of ${name}`, value: p99, unit: "×", target: { most: MOST_P99 }, behind };
}
