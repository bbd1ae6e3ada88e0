/**
 * How long a client waits for its tools: from exec to the answer of tools/list. The compiled executable and the source
 * under `bun run` take turns, so that the ratio holds on a noisy machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectStdio } from "../client/stdio.ts";
import type { Measure } from "./measure.ts";
import { median } from "./statistics.ts";

const ROOT = join(import.meta.dir, "../..");
const RUNS = 21;

export const startup: Measure = {
  name: "startup",
  async run({ product, quick }) {
    const cwd = mkdtempSync(join(tmpdir(), "orchestrator-bench-"));
    const source = [process.execPath, join(ROOT, "src/main.ts")];
    const ms: { compiled: number[]; source: number[] } = { compiled: [], source: [] };
    for (let run = 0; run < (quick ? 5 : RUNS); run++) {
      ms.compiled.push(await untilTools([product], cwd));
      ms.source.push(await untilTools(source, cwd));
    }
    rmSync(cwd, { recursive: true });
    const [compiled, fromSource] = [median(ms.compiled), median(ms.source)];
    return {
      results: [
        {
          name: "cold start to tools/list",
          value: compiled,
          unit: "ms",
          target: { most: 45 },
          behind: `median of ${ms.compiled.length}, ${Math.min(...ms.compiled).toFixed(1)} at best`,
        },
        {
          name: "cold start, compiled against source",
          value: compiled / fromSource,
          unit: "×",
          target: { most: 0.5 },
          behind: `${compiled.toFixed(1)} ms against ${fromSource.toFixed(1)} ms`,
        },
      ],
    };
  },
};

async function untilTools(command: string[], cwd: string): Promise<number> {
  const began = performance.now();
  const child = Bun.spawn([...command, "serve", "--db", join(cwd, "state.sqlite")], {
    cwd,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  const { ask, ended } = await connectStdio(child);
  await ask("tools/list");
  const ms = performance.now() - began;
  child.kill("SIGKILL");
  await Promise.all([child.exited, ended]);
  return ms;
}
