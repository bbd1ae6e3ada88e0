/** Drives one client through the scenario, over one transport, in a home and a project of its own, within bounds. */
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startServer, type Transport } from "../client/server.ts";
import type { ClientKind, Launch, McpEndpoint, Place, Way } from "./client-kind.ts";
import { endLeftovers, endProcess } from "./leftovers.ts";
import { serveModel } from "./model/endpoint.ts";
import { refuseNetwork } from "./no-network.ts";
import { type Play, play } from "./play.ts";
import { PROMPT, WORKFLOW_FILES } from "./scenario.ts";
import { tapHttp } from "./wire/http-tap.ts";
import { type Passed, readWire } from "./wire/wire.ts";

/** A client that takes longer is ended. */
const MOST_MS = 120_000;
export const EXECUTABLE = join(import.meta.dir, "../../dist/orchestrator");
/** Where nobody listens. */
const NOBODY = "http://127.0.0.1:9";
/** Asked for over HTTP, so that every client is seen to send it. */
const TOKEN = "dummy-token";
const TAP = join(import.meta.dir, "wire/stdio-tap.ts");

export interface Drive {
  play: Play;
  /** How often it asked the model for a turn, titles and summaries included. */
  requests: number;
  wire: Passed[];
  milliseconds: number;
  /** Null if it was ended for taking too long. */
  exitCode: number | null;
  /** The end of what it said. */
  said: string;
  /** Hosts beyond loopback that it asked for. */
  asked: string[];
  /** What it left running, ended since. */
  left: string[];
  /** Where everything was, if it was kept. */
  room: string;
}

export async function drive(
  kind: ClientKind,
  { transport, program, keep, signal }: { transport: Way; program: string; keep: boolean; signal: AbortSignal },
): Promise<Drive> {
  const room = makeRoom();
  const wire = join(room, "wire.jsonl");
  const network = await refuseNetwork();
  const scene = play(kind);
  let requests = 0;
  const model = serveModel(kind.api, scene.script, (body) => {
    requests += 1;
    writeFileSync(join(room, "requests", `${String(requests).padStart(3, "0")}.json`), body);
  });
  const [home, project] = [join(room, "home"), join(room, "project")];
  const place = { program, home, project, modelUrl: model.url, prompt: PROMPT };
  const isServed = transport === "stdio" || transport === "http";
  const server = isServed ? await serve(transport, { room, wire }) : null;
  try {
    const { command, env } = server
      ? kind.prepare({ ...place, server: server.endpoint })
      : setUp(transport, kind, { place, room });
    const ran = await run(command, { room, cwd: project, env: { ...baseEnv(room), ...network.env, ...env }, signal });
    await server?.close();
    const left = await endLeftovers(room);
    return { ...ran, play: scene, requests, wire: readWire(wire), asked: [...network.asked], left, room };
  } finally {
    await Promise.all([server?.close(), model.close()]);
    network.close();
    await endLeftovers(room);
    if (!keep) rmSync(room, { recursive: true, force: true });
  }
}

/** In an empty home; the workflows lie where an entry without flags looks for them. */
function setUp(way: Way, kind: ClientKind, { place, room }: { place: Omit<Place, "server">; room: string }): Launch {
  cpSync(join(room, "workflows"), join(place.project, "workflows"), { recursive: true });
  const { byInit, byPlugin } = kind;
  const launch = way === "init" ? byInit?.launch : byPlugin?.launch;
  if (!launch) throw new Error(`${kind.name} is not set up by ${way} here`);
  const commands = way === "init" ? initCommands(byInit?.words ?? []) : (byPlugin?.commands(place.program) ?? []);
  runAll(commands, { project: place.project, room });
  return launch(place);
}

export function initCommands(words: string[]): string[][] {
  return [[EXECUTABLE, "init", ...words, "--yes"]];
}

/** One after the other, without a network; throws with the words of the first that fails. */
export function runAll(commands: string[][], { project, room }: { project: string; room: string }): void {
  const env = { ...baseEnv(room), HTTP_PROXY: NOBODY, HTTPS_PROXY: NOBODY };
  for (const command of commands) {
    const { success, stdout, stderr } = Bun.spawnSync(command, { cwd: project, env });
    if (!success) throw new Error(`${command.slice(1).join(" ")} failed: ${stdout}${stderr}`);
  }
}

export function makeRoom(): string {
  const room = realpathSync(mkdtempSync(join(tmpdir(), "orchestrator-clients-")));
  for (const directory of ["home", "project", "requests", "tmp", "workflows"]) mkdirSync(join(room, directory));
  for (const [path, text] of Object.entries(WORKFLOW_FILES)) {
    const file = join(room, "workflows", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return room;
}

/** Our server behind a tap: over stdio the client starts both, over HTTP they run already. */
async function serve(transport: Transport, { room, wire }: { room: string; wire: string }) {
  const project = join(room, "project");
  const state = ["--db", join(room, "runs.sqlite"), "--workflows", join(room, "workflows")];
  const args = ["serve", ...state, "--project", project];
  if (transport === "stdio") {
    const endpoint: McpEndpoint = { transport, command: process.execPath, args: [TAP, wire, EXECUTABLE, ...args] };
    return { endpoint, close: async () => {} };
  }
  // Settings of the caller's own, a model's key among them, must not reach it.
  const command = ["env", "-i", `HOME=${join(room, "home")}`, `HTTP_AUTH_TOKEN=${TOKEN}`, EXECUTABLE, ...args];
  const server = await startServer({ command, transport, cwd: project });
  const tap = tapHttp(server.url ?? "", wire);
  const endpoint: McpEndpoint = { transport, url: tap.url, token: TOKEN };
  return { endpoint, close: () => Promise.all([tap.close(), server.end("SIGTERM")]).then(() => {}) };
}

/** Nothing of the caller's environment but where programs are, ours the first of them. */
export function baseEnv(room: string): Record<string, string> {
  const places = {
    PATH: `${dirname(EXECUTABLE)}:${process.env["PATH"] ?? ""}`,
    HOME: join(room, "home"),
    TMPDIR: join(room, "tmp"),
  };
  return { ...places, LANG: "C.UTF-8", TERM: "dumb", NO_COLOR: "1" };
}

interface RunOptions {
  room: string;
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
}

/** Runs it in a group of its own, so that it ends as a whole. */
export async function run(command: string[], { room, cwd, env, signal }: RunOptions) {
  const output = join(room, "output.txt");
  const began = performance.now();
  const to = openSync(output, "a"); // a process that is left behind would hold a pipe open
  const child = Bun.spawn(command, { cwd, env, stdin: "ignore", stdout: to, stderr: to, detached: true });
  const over = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]);
  const end = () => endProcess(-child.pid);
  over.addEventListener("abort", end);
  await child.exited;
  over.removeEventListener("abort", end);
  closeSync(to);
  const said = readFileSync(output, "utf8").slice(-2_000);
  return { milliseconds: performance.now() - began, exitCode: child.exitCode, said };
}
