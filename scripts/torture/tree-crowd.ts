/**
 * Many processes and callers on one tree of branches, several of them open at once; processes may be killed again and again.
 * Nothing is lost, doubled, locked, or handed out as new once somebody has it.
 */
import { type Answer, type Client, Gone } from "../client/client.ts";
import { createRoom, type Room } from "../client/room.ts";
import type { Server, Transport } from "../client/server.ts";
import { oneOf, type Random, seeded } from "./random.ts";
import { checkTree, TREE, writeTreeWorkflows } from "./tree-ledger.ts";

export interface TreeCrowd {
  executable: string;
  transport: Transport;
  processes: number;
  callers: number;
  branches: number;
  parallel: number;
  /** Between two deaths by SIGKILL, in milliseconds; absent: nobody dies. */
  deathEach?: number;
  seed: number;
}

export interface TreeVerdict {
  deaths: number;
  /** Reports that were answered, each once. */
  advances: number;
  conflicts: number;
  /** Reports of a step that another caller had ended before. */
  late: number;
  milliseconds: number;
  complaints: string[];
}

interface Cast {
  options: TreeCrowd;
  room: Room;
  random: Random;
  servers: Promise<Server>[];
  verdict: TreeVerdict;
  root: string;
  /** What was answered as done: by branch and step, the words of whose report it was. */
  done: Map<string, string>;
  /** Branches of which somebody was told that they have it. */
  taken: Set<string>;
  over: boolean;
}

/** Between two looks at a board that shows nothing new, in milliseconds. */
const PAUSE_MS = 20;
const MOST_MS = 300_000;

export async function treeCrowd(options: TreeCrowd): Promise<TreeVerdict> {
  const room = createRoom();
  writeTreeWorkflows(room, options.parallel);
  const verdict: TreeVerdict = { deaths: 0, advances: 0, conflicts: 0, late: 0, milliseconds: 0, complaints: [] };
  const servers = Array.from({ length: options.processes }, () => room.serve(options.executable, options));
  const random = seeded(options.seed);
  const cast: Cast = {
    options,
    room,
    random,
    servers,
    verdict,
    root: "",
    done: new Map(),
    taken: new Set(),
    over: false,
  };
  try {
    cast.root = await begin(cast);
    const began = performance.now();
    const dying = options.deathEach ? die(cast, options.deathEach) : undefined;
    await Promise.all(Array.from({ length: options.callers }, (_, index) => work(cast, index)));
    verdict.milliseconds = performance.now() - began;
    cast.over = true;
    await dying;
    verdict.complaints.push(...checkTree(room.db, cast.root, { branches: options.branches, done: cast.done }));
  } finally {
    cast.over = true;
    for (const server of servers) await (await server).end("SIGKILL");
    room.dispose();
  }
  return verdict;
}

async function begin(cast: Cast): Promise<string> {
  const [first] = cast.servers;
  if (!first) throw new Error("there is no process");
  const client = await (await first).client();
  const parts = Array.from({ length: cast.options.branches }, (_, index) => `part ${index + 1}`);
  const { data } = await client.call("start_workflow", { workflow_name: TREE, context: { parts } });
  const report = { step_id: data.next_step.step_id, status: "success" };
  const told = await client.call("advance_workflow", { instance_id: data.instance_id, report });
  if (told.isError) throw new Error(told.text);
  return data.instance_id;
}

/** One process after the other is killed, and another one takes its place. */
async function die(cast: Cast, each: number): Promise<void> {
  const { options, room, servers, verdict, random } = cast;
  for (;;) {
    await Bun.sleep(each); // the moment is the point
    if (cast.over) return;
    const at = Math.floor(random() * servers.length);
    const killed = servers[at];
    if (!killed) return;
    await (await killed).end("SIGKILL");
    verdict.deaths += 1;
    servers[at] = room.serve(options.executable, options);
    await servers[at];
  }
}

/** A caller takes one new branch after the other and does it, until the whole tree is done. */
async function work(cast: Cast, index: number): Promise<void> {
  const until = performance.now() + MOST_MS;
  const call = caller(cast, index);
  while (performance.now() < until) {
    const known = new Set(cast.taken);
    const told = await call("resume_workflow", { instance_id: cast.root });
    if (told.isError) return complain(cast, told);
    if (told.data.status !== "RUNNING") return;
    const { branches, next_step } = told.data;
    if (next_step?.step_name === "Report") {
      await report(cast, call, { id: cast.root, told, words: `by ${index}` });
      continue;
    }
    const fresh: { instance_id: string }[] = branches?.new ?? [];
    const twice = fresh.filter(({ instance_id }) => known.has(instance_id));
    if (twice.length > 0) cast.verdict.complaints.push(`${twice.length} handed out as new once somebody had them`);
    if (fresh.length === 0) await Bun.sleep(PAUSE_MS);
    else await doBranch(cast, call, { id: oneOf(fresh, cast.random).instance_id, words: `by ${index}` });
  }
  cast.verdict.complaints.push(`caller ${index} was not done after ${MOST_MS} ms`);
}

type Call = (tool: string, args: object) => Promise<Answer>;

/** Calls again what was cut off by a death, or met another writer. */
function caller({ servers, verdict }: Cast, index: number): Call {
  const at = index % servers.length;
  const clients = new Map<Promise<Server>, Promise<Client>>();
  async function once(tool: string, args: object): Promise<Answer> {
    const server = servers[at];
    if (!server) throw new Error("there is no process");
    const client = clients.get(server) ?? server.then((each) => each.client());
    clients.set(server, client);
    return (await client).call(tool, args);
  }
  return async (tool, args) => {
    for (;;) {
      try {
        const told = await once(tool, args);
        if (told.data?.error_code !== "CONFLICT") return told;
        verdict.conflicts += 1;
      } catch (error) {
        if (!(error instanceof Gone) && !isCutOff(error)) throw error;
        await Bun.sleep(PAUSE_MS); // until another process has taken its place
      }
    }
  };
}

/** Over HTTP the system says it in its own words. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

async function doBranch(cast: Cast, call: Call, { id, words }: { id: string; words: string }): Promise<void> {
  let told = await call("resume_workflow", { instance_id: id });
  if (told.isError) return complain(cast, told);
  cast.taken.add(id);
  while (told.data.instance_id === id && told.data.next_step && told.data.status === "RUNNING") {
    const next = await report(cast, call, { id, told, words });
    if (!next) return;
    told = next;
  }
}

/** Null: another caller did it, or it was refused. */
async function report(
  cast: Cast,
  call: Call,
  { id, told, words }: { id: string; told: Answer; words: string },
): Promise<Answer | null> {
  const { step_id } = told.data.next_step;
  const said = { step_id, status: "success", details: `${words} at ${id}` };
  const next = await call("advance_workflow", { instance_id: id, report: said, context_updates: { verdict: words } });
  const code = next.data?.error_code;
  if (code === "STALE_REPORT" || code === "INSTANCE_FINAL" || next.data?.replayed) {
    cast.verdict.late += 1;
    return next.isError ? null : next;
  }
  if (next.isError) {
    complain(cast, next);
    return null;
  }
  const key = `${id} ${step_id}`;
  if (cast.done.has(key)) cast.verdict.complaints.push(`${key} was ended twice`);
  cast.done.set(key, said.details);
  cast.verdict.advances += 1;
  return next;
}

function complain({ verdict }: Cast, { text }: Answer): void {
  verdict.complaints.push(text.slice(0, 300));
}
