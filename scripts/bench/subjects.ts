/** The two servers of a measure, both running, driven in turns. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Client } from "../client/client.ts";
import { createRoom, type Room, stepIdAt, WORKFLOW } from "../client/room.ts";
import { type Server, startServer, type Transport } from "../client/server.ts";
import type { Bench } from "./measure.ts";

/** A run that one caller works at. */
export interface Chain {
  client: Client;
  id: string;
  visit: number;
}

export interface Subjects {
  product: Server;
  reference: Server;
  room: Room;
  end(): Promise<void>;
}

/** Starts both over one transport; the reference answers with copies of what the product says. */
export async function startSubjects(bench: Bench, transport: Transport): Promise<Subjects> {
  const room = createRoom();
  const product = await room.serve(bench.product, { transport });
  const answers = join(room.path, "answers.json");
  writeFileSync(answers, JSON.stringify(await sampleAnswers(await product.client())));
  const command = [bench.reference, "--db", join(room.path, "reference.sqlite"), "--answers", answers];
  const reference = await startServer({ command, transport, cwd: room.path });
  const end = async () => {
    await Promise.all([product.end("SIGTERM"), reference.end("SIGTERM")]);
    room.dispose();
  };
  return { product, reference, room, end };
}

async function sampleAnswers(client: Client): Promise<Record<string, Answer>> {
  const started = await start(client);
  const chain = { client, id: started.data.instance_id, visit: 1 };
  for (let visit = 1; visit < 10; visit++) await advance(chain);
  return {
    list_workflows: await client.call("list_workflows"),
    start_workflow: started,
    advance_workflow: await advance(chain),
  };
}

export async function start(client: Client): Promise<Answer> {
  const told = await client.call("start_workflow", { workflow_name: WORKFLOW });
  if (told.isError) throw new Error(told.text);
  return told;
}

/** Ends the chain's visit, as an agent would report it. */
export async function advance(chain: Chain): Promise<Answer> {
  const { client, id, visit } = chain;
  const told = await client.call("advance_workflow", {
    instance_id: id,
    report: { step_id: stepIdAt(visit), status: "success", details: "All 12 tests passed; the change is committed." },
    context_updates: { last_visit: visit },
  });
  if (told.data?.next_step?.step_id !== stepIdAt(visit + 1)) throw new Error(`visit ${visit}: ${told.text}`);
  chain.visit = visit + 1;
  return told;
}

export async function newChain(client: Client): Promise<Chain> {
  return { client, id: (await start(client)).data.instance_id, visit: 1 };
}

/** Over HTTP each caller has a session of its own. */
export function callersOf(server: Server, count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => server.client()));
}
