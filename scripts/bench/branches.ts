/**
 * What a step with 1,000 branches costs against one with ten, one at a time: the report that enters it, one within a branch, and
 * one that ends a branch and begins the next, in turns; then the one that ends the last branch, which joins all of them.
 */
import type { Answer, Client } from "../client/client.ts";
import { createRoom } from "../client/room.ts";
import { TREE, writeTreeWorkflows } from "../torture/tree-ledger.ts";
import type { Measure, Result } from "./measure.ts";
import { median } from "./statistics.ts";

const MANY = 1_000;
const FEW = 10;
/** Steps of a branch, and runs of each kind that are only entered. */
const ENTRIES = 40;
const MOST_RATIO = 1.1;
const MOST_JOIN_MS = 50;
const WARM = 100;

export const branches: Measure = {
  name: "branches",
  async run({ product, quick }) {
    const room = createRoom();
    writeTreeWorkflows(room, 1);
    const server = await room.serve(product, { transport: "stdio" });
    const client = await server.client();
    const entered = await enterInTurns(client, quick ? 4 : ENTRIES);
    const done = await workInTurns(client, quick ? FEW * 20 : MANY);
    await server.end("SIGTERM");
    room.dispose();
    const results = [
      ratio(`entering ${MANY} branches against ${FEW}`, entered),
      ratio(`a report within one of ${MANY} branches against one of ${FEW}`, done.within),
      ratio(`the end of one of ${MANY} branches, with the next, against one of ${FEW}`, done.ends),
      {
        name: `the end of the last of ${MANY} branches, with their join`,
        value: done.joined.milliseconds,
        unit: "ms",
        target: { most: MOST_JOIN_MS },
        behind: `${Math.round(done.joined.bytes / 1024)} kB of answer`,
      },
    ];
    return { results };
  },
};

interface Pair {
  many: number[];
  few: number[];
}

function ratio(name: string, { many, few }: Pair): Result {
  const behind = `${median(many).toFixed(2)} against ${median(few).toFixed(2)} ms`;
  return { name, value: median(many) / median(few), unit: "×", target: { most: MOST_RATIO }, behind };
}

async function enterInTurns(client: Client, rounds: number): Promise<Pair> {
  const pair: Pair = { many: [], few: [] };
  for (let round = 0; round < rounds; round += 1) {
    pair.many.push((await entered(client, MANY)).milliseconds);
    pair.few.push((await entered(client, FEW)).milliseconds);
  }
  return { many: pair.many.slice(1), few: pair.few.slice(1) };
}

/** Through all branches of a large run; a small one after the other in between. */
async function workInTurns(client: Client, count: number) {
  const [within, ends] = [empty(), empty()];
  let many = (await entered(client, count)).told;
  let few = (await entered(client, FEW)).told;
  let joined = { milliseconds: 0, bytes: 0 };
  for (let number = 1; number <= count; number += 1) {
    const [one, other] = [await report(client, many), await report(client, few)];
    const [end, otherEnd] = [await report(client, one.told), await report(client, other.told)];
    const isLast = number % FEW === 0;
    if (number > WARM && !isLast) {
      within.many.push(one.milliseconds);
      within.few.push(other.milliseconds);
      ends.many.push(end.milliseconds);
      ends.few.push(otherEnd.milliseconds);
    }
    many = end.told;
    few = isLast ? (await entered(client, FEW)).told : otherEnd.told;
    joined = { milliseconds: end.milliseconds, bytes: Buffer.byteLength(JSON.stringify(end.told)) };
  }
  if (many.data.next_step?.step_name !== "Report") throw new Error(many.text);
  return { within, ends, joined };
}

function empty(): Pair {
  return { many: [], few: [] };
}

/** A run of so many branches, entered; its context is as large whatever their number. */
async function entered(client: Client, count: number) {
  const all = Array.from({ length: MANY }, (_, index) => `part ${index + 1}`);
  const context = { parts: all.slice(0, count), others: all.slice(count) };
  return report(client, await client.call("start_workflow", { workflow_name: TREE, context }));
}

/** Ends the step that was handed out. */
async function report(client: Client, { data }: Answer): Promise<{ told: Answer; milliseconds: number }> {
  const { instance_id, next_step } = data;
  const said = { step_id: next_step.step_id, status: "success" };
  const sent = performance.now();
  const told = await client.call("advance_workflow", {
    instance_id,
    report: said,
    context_updates: { verdict: "good" },
  });
  const milliseconds = performance.now() - sent;
  if (told.isError) throw new Error(told.text);
  return { told, milliseconds };
}
