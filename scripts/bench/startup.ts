/**
 * How long a client waits for its tools: from exec to the answer of tools/list, and the resident memory then. The compiled
 * executable and the source under `bun run` take turns, so that the ratio holds on a noisy machine. `bun run bench:startup`
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const RUNS = 15;
const SUBJECTS = {
  compiled: [join(ROOT, "dist/orchestrator")],
  source: [process.execPath, join(ROOT, "src/main.ts")],
};

const initialize = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};

interface Sample {
  ms: number;
  residentMb: number;
  listBytes: number;
}

async function measure(command: string[], cwd: string): Promise<Sample> {
  const began = performance.now();
  const child = Bun.spawn([...command, "serve", "--db", join(cwd, "state.sqlite")], {
    cwd,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  say({ id: 1, ...initialize });
  say({ method: "notifications/initialized" });
  say({ id: 2, method: "tools/list" });
  await child.stdin.flush();
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('"id":2') && text.endsWith("\n")) break;
  }
  const ms = performance.now() - began;
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const residentMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  child.kill();
  await child.exited;
  const line = text.split("\n").find((each) => each.includes('"id":2')) ?? "";
  return { ms, residentMb, listBytes: Buffer.byteLength(line) };
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const cwd = mkdtempSync(join(tmpdir(), "orchestrator-bench-"));
const samples: Record<keyof typeof SUBJECTS, Sample[]> = { compiled: [], source: [] };
for (let run = 0; run < RUNS; run++) {
  samples.compiled.push(await measure(SUBJECTS.compiled, cwd));
  samples.source.push(await measure(SUBJECTS.source, cwd));
}
rmSync(cwd, { recursive: true });

const rows = Object.entries(samples).map(([subject, taken]) => ({
  subject,
  "exec to tools/list, ms": Number(median(taken.map((each) => each.ms)).toFixed(1)),
  "resident, MB": Number(median(taken.map((each) => each.residentMb)).toFixed(1)),
}));
console.table(rows);
const ratio = median(samples.compiled.map((each) => each.ms)) / median(samples.source.map((each) => each.ms));
console.log(`compiled / source: ${ratio.toFixed(2)}; tools/list answer: ${samples.compiled[0]?.listBytes} bytes`);
