/**
 * The long form of the durability proofs: `bun scripts/torture.ts [kill|power|prune|mutants|crowd|tree]… [--deaths N] [--seed N]
 * [--advances N] [--branches N]`. Without words, all of them, over each transport that the executable serves. Exit code 1 for any loss.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { servesHttp, type Transport } from "./client/server.ts";
import { crowd } from "./torture/crowd.ts";
import { buildMutant, MUTANTS, type MutantName } from "./torture/mutants.ts";
import { whyNoPowerLoss } from "./torture/power-loss.ts";
import { tortureOfPrune } from "./torture/prune-torture.ts";
import { torture } from "./torture/torture.ts";
import { treeCrowd } from "./torture/tree-crowd.ts";

const EXECUTABLE = join(import.meta.dir, "../dist/orchestrator");
const ALL = ["kill", "power", "prune", "mutants", "crowd", "tree"] as const;
type Part = (typeof ALL)[number];
const NEEDS_POWER: Part[] = ["power", "prune"];
/** Runs that each prune has to delete. */
const BATCH = 2_000;

/** Which death shows which fault; SIGKILL cannot show a missing flush. */
const CAUGHT_BY: Record<MutantName, ("kill" | "power" | "prune")[]> = {
  "synchronous=NORMAL": ["power"],
  "answer before COMMIT": ["kill", "power"],
  "history apart": ["kill", "power"],
  "prune answers before it flushes": ["prune"],
  "prune with synchronous=OFF": ["prune"],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    deaths: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    advances: { type: "string", default: "10000" },
    branches: { type: "string", default: "200" },
  },
});
const deaths = Number(values.deaths);
const seed = Number(values.seed);
const advances = Number(values.advances);
const branches = Number(values.branches);
const parts = positionals.length > 0 ? ALL.filter((part) => positionals.includes(part)) : ALL;
const transports: Transport[] = servesHttp(EXECUTABLE) ? ["stdio", "http"] : ["stdio"];
let failures = 0;

function say(what: string, good: boolean, details: string): void {
  if (!good) failures++;
  console.log(`${good ? "ok  " : "FAIL"} ${what}: ${details}`);
}

async function die(death: "kill" | "power", transport: Transport): Promise<void> {
  const verdict = await torture({ executable: EXECUTABLE, transport, death, deaths, workers: 6, seed });
  const { losses } = verdict;
  const sums = `${verdict.deaths} deaths, ${verdict.starts} starts, ${verdict.advances} advances answered`;
  const risk = death === "power" ? `, ${Math.round(verdict.atRisk / 1024)} kB unflushed at the deaths` : "";
  say(`${death} over ${transport}`, losses.length === 0, [`${sums}${risk}`, ...losses].join("\n     "));
}

async function cutDuringPrune(): Promise<void> {
  const { losses, ...verdict } = await tortureOfPrune({ executable: EXECUTABLE, deaths, batch: BATCH, seed });
  const moments = `${verdict.deaths} deaths, ${verdict.midway} before prune answered, ${verdict.answered} after`;
  const sums = `${moments}, ${verdict.advances} advances answered, ${Math.round(verdict.atRisk / 1024)} kB unflushed`;
  say("power during prune", losses.length === 0, [sums, ...losses].join("\n     "));
}

async function catchMutants(): Promise<void> {
  for (const name of MUTANTS) {
    const mutant = buildMutant(name);
    for (const death of CAUGHT_BY[name]) {
      const { executable } = mutant;
      const verdict =
        death === "prune"
          ? await tortureOfPrune({ executable, deaths: 20, batch: BATCH, seed })
          : await torture({ executable, transport: "stdio", death, deaths: 20, workers: 4, seed });
      const found = verdict.losses[0] ?? "nothing was lost: the test is blind to it";
      say(`${name}, caught by ${death}`, verdict.losses.length > 0, `after ${verdict.deaths} deaths: ${found}`);
    }
    mutant.dispose();
  }
}

async function gather(transport: Transport): Promise<void> {
  const shared = Math.min(Math.round(advances / 4), 5_000);
  const load = { processes: 8, own: advances - shared, shared };
  const verdict = await crowd({ executable: EXECUTABLE, transport, ...load });
  const sums = `${verdict.advances} advances by 8 processes, ${verdict.conflicts} conflicts, ${verdict.replays} replays`;
  say(`crowd over ${transport}`, verdict.complaints.length === 0, [sums, ...verdict.complaints].join("\n     "));
}

/** First in peace, then with a process killed each quarter of a second. */
async function climb(transport: Transport): Promise<void> {
  for (const deathEach of [undefined, 250]) {
    const load = { processes: 8, callers: 40, branches, parallel: 20, seed, ...(deathEach ? { deathEach } : {}) };
    const { complaints, ...verdict } = await treeCrowd({ executable: EXECUTABLE, transport, ...load });
    const met = `${verdict.conflicts} conflicts, ${verdict.late} reports of what others had done`;
    const sums = `${verdict.advances} advances by 8 processes and 40 callers at ${branches} branches, ${verdict.deaths} deaths, ${met}`;
    say(`tree over ${transport}`, complaints.length === 0, [sums, ...complaints].join("\n     "));
  }
}

async function run(part: Part): Promise<void> {
  if (part === "mutants") return catchMutants();
  if (part === "prune") return cutDuringPrune();
  for (const transport of transports) {
    if (part === "crowd") await gather(transport);
    else await (part === "tree" ? climb(transport) : die(part, transport));
  }
}

console.log(`seed ${seed}`);
const whyNot = whyNoPowerLoss();
if (whyNot) say("power loss", false, whyNot);
for (const part of parts) if (!(NEEDS_POWER.includes(part) && whyNot)) await run(part);
process.exit(failures > 0 ? 1 : 0);
