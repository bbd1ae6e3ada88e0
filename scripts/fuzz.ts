/**
 * `bun run fuzz [--count N] [--seed N]`: odd messages over each transport and era, 200,000 of each unless said otherwise.
 * What fails is printed with the seed that brings it back. Exit code 1 for any fault.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz/fuzz.ts";
import { WAYS } from "./fuzz/ways.ts";

const EXECUTABLE = join(import.meta.dir, "../dist/orchestrator");

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
let failed = false;
console.log(`seed ${seed}`);
for (const way of WAYS) {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "orchestrator-fuzz-")));
  const began = performance.now();
  try {
    const { sent, answered, residentMb, faults } = await fuzz({
      executable: EXECUTABLE,
      way,
      directory,
      count: Number(values.count),
      seed,
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const figures = `${sent} sent, ${answered} answered, ${residentMb.toFixed(0)} MiB, ${seconds} s`;
    console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${way.transport}, ${way.era}: ${figures}`);
    for (const fault of faults) console.log(`     ${fault}`);
    failed ||= faults.length > 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
process.exitCode = failed ? 1 : 0;
