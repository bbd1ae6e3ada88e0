/**
 * `bun run bench [WORD]… [--quick] [--instances N] [--out FILE] [--chart FILE] [--executable FILE]`: drives the compiled
 * executable through MCP alone, in turns with a reference server that answers the same bytes, so that figures are ratios. Words choose measures
 * by a part of their names: throughput stdio, throughput http, history, instances, lists, overview, branches, prune,
 * memory stdio, memory http, checks, startup, hooks, page.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { servesHttp, type Transport } from "../client/server.ts";
import { branches } from "./branches.ts";
import { chart } from "./chart.ts";
import { checks } from "./checks.ts";
import { historyLength } from "./history-length.ts";
import { hooks } from "./hooks.ts";
import { lists } from "./lists.ts";
import { manyInstances } from "./many-instances.ts";
import { type Measure, type Outcome, type Result, reached } from "./measure.ts";
import { memory } from "./memory.ts";
import { overview } from "./overview.ts";
import { page } from "./page.ts";
import { prune } from "./prune.ts";
import { startup } from "./startup.ts";
import { throughput } from "./throughput.ts";

const ROOT = join(import.meta.dir, "../..");
/** Those of the build in package.json. */
const COMPILE =
  "build --compile --minify --bytecode --format=esm --no-compile-autoload-dotenv --no-compile-autoload-bunfig";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      instances: { type: "string", default: "1000000" },
      out: { type: "string", default: "bench-results.json" },
      chart: { type: "string" },
      executable: { type: "string", default: join(ROOT, "dist/orchestrator") },
    },
  });
  const product = resolve(values.executable);
  if (!existsSync(product)) throw new Error(`There is no ${product}: run \`bun run build\` first.`);
  const transports: Transport[] = servesHttp(product) ? ["stdio", "http"] : ["stdio"];
  const measures = chosen(
    [
      ...throughput(transports),
      historyLength,
      manyInstances,
      lists,
      overview,
      branches,
      prune,
      ...memory(transports),
      checks,
      startup,
      hooks,
      page,
    ],
    positionals,
  );
  const room = mkdtempSync(join(tmpdir(), "orchestrator-bench-"));
  const bench = {
    product,
    reference: compileReference(room),
    transports,
    quick: values.quick,
    instances: Number(values.instances),
  };
  const outcomes = new Map<string, Outcome>();
  try {
    for (const measure of measures) {
      console.log(`${measure.name} …`);
      const outcome = await measure.run(bench);
      for (const result of outcome.results) console.log(`  ${lineOf(result)}`);
      outcomes.set(measure.name, outcome);
    }
  } finally {
    rmSync(room, { recursive: true });
  }
  const results = [...outcomes.values()].flatMap((outcome) => outcome.results);
  console.log(`\n${table(results)}`);
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Bun ${Bun.version}`;
  const series = Object.fromEntries([...outcomes].map(([name, outcome]) => [name, outcome.series ?? []]));
  writeFileSync(
    values.out,
    JSON.stringify({ at: new Date().toISOString(), machine, ...values, results, series }, null, 2),
  );
  if (values.chart) writeFileSync(values.chart, chart(series["history"] ?? [], series["instances"] ?? []));
  const missed = results.filter((result) => !reached(result)).length;
  console.log(`\n${results.length - missed} of ${results.length} targets reached on ${machine}`);
}

function chosen(measures: Measure[], words: string[]): Measure[] {
  const found = measures.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (found.length > 0) return found;
  throw new Error(`No measure is named so. There are: ${measures.map(({ name }) => name).join(", ")}`);
}

function compileReference(room: string): string {
  const outfile = join(room, "reference");
  const source = join(import.meta.dir, "reference-server.ts");
  const built = Bun.spawnSync([process.execPath, ...COMPILE.split(" "), source, "--outfile", outfile]);
  if (!built.success) throw new Error(`The reference server does not compile:\n${built.stderr}`);
  return outfile;
}

function lineOf(result: Result): string {
  return `${reached(result) ? "✓" : "✗"} ${result.name}: ${number(result.value)} ${result.unit} (${targetOf(result)}) · ${result.behind}`;
}

function table(results: Result[]): string {
  const rows = results.map((result) => [
    result.name,
    `${number(result.value)} ${result.unit}`,
    targetOf(result),
    reached(result) ? "reached" : "MISSED",
    result.behind,
  ]);
  const all = [["measure", "found", "target", "verdict", "behind it"], ["---", "---", "---", "---", "---"], ...rows];
  return all.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function targetOf({ target }: Result): string {
  return "least" in target ? `at least ${target.least}` : `at most ${target.most}`;
}

function number(value: number): string {
  return Math.abs(value) >= 20 ? value.toFixed(0) : value.toFixed(2);
}

void main();
