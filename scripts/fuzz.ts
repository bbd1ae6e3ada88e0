/**
 * Odd and broken messages over each way in: `bun run fuzz [stdio|http]… [--era session|sessionless] [--count N] [--seed N]
 * [--from N]`. A finding names its message; the same seed from that number on sends it again. Exit code 1 for any.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz, WAYS } from "./fuzz/fuzz.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    era: { type: "string" },
    count: { type: "string", default: "200000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});
const executable = join(import.meta.dir, "../dist/orchestrator");
const { era, seed, from, count } = {
  ...values,
  seed: Number(values.seed),
  from: Number(values.from),
  count: Number(values.count),
};
const ways = WAYS.filter((way) => positionals.length === 0 || positionals.includes(way.transport)).filter(
  (way) => era === undefined || era === way.era,
);
let failures = 0;

console.log(`seed ${seed}`);
for (const way of ways) {
  const { findings, ms, residentMb, answered, runs } = await fuzz({ executable, ...way, seed, from, count });
  const [early, late] = residentMb.map(Math.round);
  const sums = `${count} messages in ${(ms / 1_000).toFixed(1)} s, ${early} to ${late} MB, ${answered} calls changed something, ${runs} runs began`;
  failures += findings.length;
  console.log(
    [`${findings.length > 0 ? "FAIL" : "ok  "} ${way.transport}, ${way.era}: ${sums}`, ...findings].join("\n     "),
  );
}
process.exit(failures > 0 ? 1 : 0);
