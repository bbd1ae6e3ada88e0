/** What a client waits for each hook, in a project with as many live runs as none will have: from exec to the exit. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRoom } from "../client/room.ts";
import { fill } from "./fill.ts";
import type { Measure, Result } from "./measure.ts";
import { median, quantile } from "./statistics.ts";
import { start } from "./subjects.ts";

const RUNS = 100_000;
const CALLS = 200;
const EVENTS = ["session-start", "prompt", "before-edit", "stop", "after-compaction"];
/** Bytes of the transcript, whose last part names a run. */
const TRANSCRIPT = 20_000_000;

export const hooks: Measure = {
  name: "hooks",
  async run({ product, quick }) {
    const room = createRoom();
    const [id = ""] = await fill(room, product, { count: quick ? 1_000 : RUNS, sample: 1 });
    const server = await room.serve(product, { transport: "stdio" }); // as it is while a session lasts
    await start(await server.client());
    const [cwd, transcript_path] = [join(room.path, "project"), join(room.path, "session.jsonl")];
    writeFileSync(
      transcript_path,
      `${"x".repeat(TRANSCRIPT)} advance_workflow {"instance_id":"${id}"} ${"y".repeat(500_000)}`,
    );
    const tool = { tool_name: "Edit", tool_input: { file_path: "a.ts" } };
    const says = JSON.stringify({ cwd, transcript_path, ...tool });
    const results: Result[] = [];
    for (const event of EVENTS) {
      const ms: number[] = [];
      for (let call = 0; call < (quick ? 10 : CALLS); call++) {
        const began = performance.now();
        await Bun.spawn([product, "hook", event, "--db", room.db], { stdin: new Blob([says]), stdout: "ignore" })
          .exited;
        ms.push(performance.now() - began);
      }
      const behind = `median of ${ms.length}, p99 ${quantile(ms, 0.99).toFixed(1)} ms`;
      results.push({ name: `hook ${event}`, value: median(ms), unit: "ms", target: { most: 60 }, behind });
    }
    await server.end("SIGTERM");
    room.dispose();
    return { results };
  },
};
