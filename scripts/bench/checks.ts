/** What a check that passes adds to an advance: runs of three workflows, advanced in turns. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../client/client.ts";
import { createRoom } from "../client/room.ts";
import type { Measure } from "./measure.ts";
import { median } from "./statistics.ts";

const ROUNDS = 300;

/** Each a workflow of one step that leads to itself. */
const CHECKS = { NONE: "", FILE: "checks: [{file: proof.txt}]", RUN: "checks: [{run: true}]" };
/** In milliseconds: what nobody notices, and a process with a durable claim and its end. */
const MOST = { FILE: 1, RUN: 15 };

type Name = keyof typeof CHECKS;

export const checks: Measure = {
  name: "checks",
  async run({ product, quick }) {
    const room = createRoom();
    for (const [name, extras] of Object.entries(CHECKS)) define(join(room.path, "workflows", name), name, extras);
    writeFileSync(join(room.path, "project", "proof.txt"), "proof");
    const env = { WORKFLOW_ALLOW_CHECKS: "1" };
    const server = await room.serve(product, { transport: "stdio", env });
    const client = await server.client();
    const took: Record<Name, number[]> = { NONE: [], FILE: [], RUN: [] };
    const runs = {
      NONE: await begin(client, "NONE"),
      FILE: await begin(client, "FILE"),
      RUN: await begin(client, "RUN"),
    };
    const rounds = quick ? ROUNDS / 10 : ROUNDS;
    for (let visit = 1; visit <= rounds; visit++) {
      for (const name of ["NONE", "FILE", "RUN"] as const) {
        const began = performance.now();
        const report = { step_id: `${visit}-again`, status: "success", details: "done" };
        const told = await client.call("advance_workflow", { instance_id: runs[name], report });
        if (told.isError) throw new Error(told.text);
        if (visit > rounds / 5) took[name].push(performance.now() - began);
      }
    }
    await server.end("SIGTERM");
    room.dispose();
    const plain = median(took.NONE);
    const results = (["FILE", "RUN"] as const).map((name) => ({
      name: `a passing ${name.toLowerCase()} check adds`,
      value: median(took[name]) - plain,
      unit: "ms",
      target: { most: MOST[name] },
      behind: `${median(took[name]).toFixed(2)} ms against ${plain.toFixed(2)} ms`,
    }));
    return { results };
  },
};

function define(directory: string, name: string, extras: string): void {
  mkdirSync(join(directory, "steps"), { recursive: true });
  writeFileSync(join(directory, "index.md"), `# ${name}\n\n## Steps\n\n1. [Again](steps/again.md)\n`);
  const sections =
    "# Orchestrator Guidance\n\nAgain.\n\n# Client Instructions\n\nWork.\n\n# Routes\n\n- otherwise → Again\n";
  writeFileSync(join(directory, "steps", "again.md"), `---\n${extras || "next: Again"}\n---\n\n${sections}`);
}

async function begin(client: Client, workflow_name: Name): Promise<string> {
  const told = await client.call("start_workflow", { workflow_name });
  if (told.isError) throw new Error(told.text);
  return told.data.instance_id;
}
