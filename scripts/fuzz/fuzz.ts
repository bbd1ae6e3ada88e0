/** Sends odd messages to a server, and looks at all that comes back, at what it wrote, its memory and its database. */
import { Database } from "bun:sqlite";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createRoom, type Room, WORKFLOW } from "../client/room.ts";
import { residentMb, type Transport } from "../client/server.ts";
import type { Drive } from "./drive.ts";
import { createFindings, type Findings } from "./findings.ts";
import { driveHttp } from "./over-http.ts";
import { driveStdio } from "./over-stdio.ts";
import type { Era } from "./valid.ts";

export interface Fuzz {
  executable: string;
  transport: Transport;
  era: Era;
  seed: number;
  /** The number of the first message, and how many there are. */
  from?: number;
  count: number;
}

export interface Verdict {
  /** What was found; it ends soon after the first. */
  findings: string[];
  ms: number;
  /** Resident memory after a tenth of the messages, and at the end. */
  residentMb: [early: number, late: number];
  /** Calls that were answered with a run. */
  answered: number;
  /** Runs that they began. */
  runs: number;
}

/** All ways in. */
export const WAYS: { transport: Transport; era: Era }[] = [
  { transport: "stdio", era: "session" },
  { transport: "stdio", era: "sessionless" },
  { transport: "http", era: "session" },
  { transport: "http", era: "sessionless" },
];

/** Measured from a tenth of the messages on; more is a leak. The heap settles at some 190 MB, however many follow. */
const MAX_GROWTH_MB = 100;
const BAD_WORDS = /"level":"(?:error|fatal)"|\\n\s+at |^\s+at |[A-Z]\w*Error: |[Ii]nternal error|panic|Unhandled/m;
const READS = ["get_workflow_status", "list_instances", "list_workflows"];

export async function fuzz({ executable, transport, era, seed, from = 0, count }: Fuzz): Promise<Verdict> {
  const room = createRoom();
  const findings = createFindings();
  try {
    const [subject, bystander] = await prepare(room, executable);
    const before = stateOf(room.db);
    const writes = new Map<string, number>();
    let unsure = 0;
    const resident: [number, number] = [0, 0];
    const child = start(room, executable, transport);
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const stderr = watchStderr(child, findings);
    const began = performance.now();
    const drive: Drive = {
      parts: { seed, era, subject: { run: subject, workflow: WORKFLOW } },
      from,
      count,
      findings,
      changed: (run, tool) => void (READS.includes(String(tool)) || writes.set(run, (writes.get(run) ?? 0) + 1)),
      abandoned: (tool) => void (typeof tool === "string" && !READS.includes(tool) && unsure++),
      done(sent) {
        if (sent < count / 10 || resident[0] === 0) resident[0] = residentMb(child.pid ?? 0);
      },
    };
    void ended.then((code) => code !== 0 && findings.say(`the server ended with ${code}`, stderr.last()));
    const gone = ended.then((code): never => {
      throw new Error(`the server ended with ${code}: ${stderr.last()}`);
    });
    gone.catch(() => {}); // it ends some time
    await (transport === "stdio"
      ? driveStdio(child, drive)
      : driveHttp(await Promise.race([stderr.port, gone]), drive));
    const ms = performance.now() - began;
    resident[1] = residentMb(child.pid ?? 0);
    if (resident[1] - resident[0] > MAX_GROWTH_MB) findings.say("memory grew, in MB", resident);
    child.kill("SIGTERM");
    if ((await ended) !== 0) findings.say("the server did not end by itself");
    const after = stateOf(room.db);
    compare({ before, after, writes, unsure, bystander, findings });
    return {
      findings: findings.all(),
      ms,
      residentMb: resident,
      answered: sum(writes),
      runs: after.size - before.size,
    };
  } finally {
    room.dispose();
  }
}

function sum(writes: Map<string, number>): number {
  return [...writes.values()].reduce((total, each) => total + each, 0);
}

/** Two runs: one that the messages name, one that they do not. */
async function prepare(room: Room, executable: string): Promise<[string, string]> {
  const server = await room.serve(executable, { transport: "stdio" });
  const client = await server.client();
  const begin = async () => String((await client.call("start_workflow", { workflow_name: WORKFLOW })).data.instance_id);
  const runs: [string, string] = [await begin(), await begin()];
  await server.end("SIGTERM");
  return runs;
}

function start(room: Room, executable: string, transport: Transport): ChildProcessWithoutNullStreams {
  const args = [...room.args, ...(transport === "http" ? ["--http", "--port", "0"] : [])];
  return spawn(executable, args, { cwd: room.path, env: { PATH: process.env["PATH"] } });
}

/** Looks for what must not stand there, and for the port. */
function watchStderr({ stderr }: ChildProcessWithoutNullStreams, findings: Findings) {
  const port = Promise.withResolvers<number>();
  let last = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    last = (last + chunk).slice(-4_000);
    const at = chunk.search(BAD_WORDS);
    if (at >= 0) findings.say("stderr", chunk.slice(Math.max(0, at - 100), at + 900));
    const found = /Serving MCP at http:\/\/[^:]+:(\d+)/.exec(last)?.[1];
    if (found) port.resolve(Number(found));
  });
  return { port: port.promise, last: () => last };
}

/** Each run as one text of all that is kept of it, and how much was written to it. */
type State = Map<string, { writes: number; text: string }>;

function stateOf(db: string): State {
  const file = new Database(db, { readonly: true });
  try {
    const rows = file.query<{ instance_id: string; version: number }, []>("SELECT * FROM instances").all();
    return new Map(rows.map((row) => [row.instance_id, { writes: row.version, text: JSON.stringify(row) }]));
  } finally {
    file.close();
  }
}

interface Comparing {
  before: State;
  after: State;
  writes: Map<string, number>;
  unsure: number;
  bystander: string;
  findings: Findings;
}

/** Nothing changed but by calls that were answered so, or that were given up. */
function compare({ before, after, writes, unsure, bystander, findings }: Comparing): void {
  if (after.get(bystander)?.text !== before.get(bystander)?.text) findings.say("a run changed that nobody named");
  const unanswered = [...after].map(([run, state]): [string, number] => {
    const made = state.writes - (before.get(run)?.writes ?? 0);
    return [run, Math.max(0, made - (writes.get(run) ?? 0))];
  });
  const total = unanswered.reduce((all, [, each]) => all + each, 0);
  if (total > unsure) {
    const which = unanswered.filter(([, each]) => each > 0).slice(0, 5);
    findings.say(`${total} writes were not answered, ${unsure} calls were given up`, which);
  }
  for (const run of writes.keys()) if (!after.has(run)) findings.say("a run that was answered is not there", run);
}
