/**
 * Drives real clients that `orchestrator init` alone set up, or the plugin alone, in an empty home, through what hooks are for:
 * `bun run clients:hooks [name]… [--keep]`. The model starts a run, edits a file that the step may not change, and stops in the
 * middle; then the session is begun anew. Exit code 1 if a client was not held, refused and told as it must be.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ClientKind, callDirectly, type Launch, type Place } from "./client-kind.ts";
import { baseEnv, initCommands, makeRoom, run, runAll } from "./drive.ts";
import { install, versionOf } from "./install.ts";
import { claudeCode } from "./known/claude-code.ts";
import { codex } from "./known/codex.ts";
import { copilotCli } from "./known/copilot-cli.ts";
import { geminiCli } from "./known/gemini-cli.ts";
import { endLeftovers } from "./leftovers.ts";
import type { Given, Turn } from "./model/api.ts";
import { serveModel } from "./model/endpoint.ts";
import { refuseNetwork } from "./no-network.ts";
import { unescaped } from "./play.ts";

const CLIENTS: readonly ClientKind[] = [claudeCode, codex, geminiCli, copilotCli];
/** As a model would: Copilot CLI writes its transcript a while after what it says. */
const THINKING_MS = 1_000;
const STEP =
  "# Orchestrator Guidance\n\nGo on.\n\n# Client Instructions\n\nThink.\n\n# Routes\n\n- otherwise → FINISH\n";
const FILES = {
  "index.md": "# THINK_FIRST\n\n## Goal\n\nNo file changes.\n\n## Steps\n\n1. [Think It Over](think.md)\n",
  "think.md": `---\nedits: none\n---\n\n${STEP}`,
};

/** What the model was given in one session. */
interface Session {
  /** What came of its calls. */
  results: string[];
  /** Each request that it answered with words alone. */
  asked: string[];
  said: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: "boolean", default: false } },
});
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
let failed = 0;
for (const kind of CLIENTS) {
  const name = kind.name.toLowerCase();
  if (positionals.length === 0 || positionals.some((word) => name.includes(word.toLowerCase()))) await driveAll(kind);
}
process.exit(failed > 0 ? 1 : 0);

async function driveAll(kind: ClientKind): Promise<void> {
  const { byHooks, byPlugin } = kind;
  const program = join(await install(kind.package, interrupted.signal), kind.bin);
  const at = { kind, program };
  if (byHooks) await driveHooks({ ...at, by: "init", commands: initCommands(byHooks.words), launch: byHooks.launch });
  if (byPlugin)
    await driveHooks({ ...at, by: "the plugin", commands: byPlugin.commands(program), launch: byPlugin.launchHooks });
}

interface Way {
  kind: ClientKind;
  program: string;
  by: string;
  commands: string[][];
  launch(place: Omit<Place, "server">): Launch;
}

async function driveHooks({ kind, program, by, commands, launch }: Way): Promise<void> {
  const room = makeRoom();
  const [home, project] = [join(room, "home"), join(room, "project")];
  for (const [path, text] of Object.entries(FILES)) await Bun.write(join(project, "workflows/THINK_FIRST", path), text);
  runAll(commands, { project, room });
  const file = join(project, "src.txt");
  const at = { kind, launch, program, home, project, room };
  const first = await session(at, "Use the orchestrator's workflow THINK_FIRST.", [
    (given) => (kind.turn ?? callDirectly)({ tool: "start_workflow", args: { workflow_name: "THINK_FIRST" } }, given),
    () => kind.byHooks?.write(file) ?? null,
  ]);
  const compacted = await afterCompaction(at);
  const second = await session(at, "Good morning.", []);
  const refused = first.results.find((result) => result.includes("may change no files of the project"));
  const [, held = "", again] = first.asked;
  const told = second.asked[0] ?? "";
  console.log(`${kind.name} ${versionOf(kind.package)}, set up by ${by}`);
  say(
    "an edit elsewhere is refused",
    refused !== undefined && !existsSync(file),
    /Step "Think.*?status failure\./.exec(refused ?? ""),
  );
  say(
    "a stop is held",
    held.includes("is not reported"),
    /Step "Think It Over" of THINK_FIRST.*?not be held\./.exec(held),
  );
  say("and then allowed", again === undefined, null);
  if (compacted !== null) {
    const words = /\[orchestrator\](?:(?!\[orchestrator\]).)*?before anything else\./.exec(compacted);
    say("after a compaction it is told to resume", words !== null, words);
  }
  say(
    "a new session is told",
    told.includes('THINK_FIRST at step "Think It Over"'),
    /\[orchestrator\].*?resume_workflow \{\}\./.exec(told),
  );
  if (values.keep) console.log(`  kept: ${room}`);
  else rmSync(room, { recursive: true, force: true });
}

/** What the model is given first when the session goes on; null if the client is not compacted here. */
async function afterCompaction(at: At): Promise<string | null> {
  const { compact } = at.kind.byHooks ?? {};
  if (!compact) return null;
  await session(at, compact.prompt, [], compact.words);
  const next = await session(at, "Go on.", [], compact.words);
  return next.asked[0] ?? "";
}

function say(what: string, isSo: boolean, words: RegExpExecArray | null): void {
  if (!isSo) failed += 1;
  console.log(`  ${isSo ? "✓" : "FAILED"} ${what}${words ? `: ${words[0]}` : ""}`);
}

interface At {
  kind: ClientKind;
  launch: Way["launch"];
  program: string;
  home: string;
  project: string;
  room: string;
}

/** One start of the client, with `more` words: the model makes these calls, as often as the client needs to find a tool, and then only says "Done.". */
async function session(
  { kind, launch, room, ...place }: At,
  prompt: string,
  calls: ((given: Given) => Turn | null)[],
  more: readonly string[] = [],
): Promise<Session> {
  const found: Session = { results: [], asked: [], said: "" };
  const turns: Turn[] = [];
  let made = 0;
  const script = (given: Given): Turn | null => {
    if (given.tools.length === 0) return null;
    Bun.sleepSync(THINKING_MS);
    const repeated = turns[given.results.length];
    if (repeated) return repeated;
    found.results = given.results.map(unescaped);
    const turn = calls[made]?.(given) ?? null;
    if (turn?.kind === "call") {
      if (!turn.isSearch) made += 1;
      turns.push(turn);
      return turn;
    }
    found.asked.push(unescaped(given.body));
    return { kind: "say", text: "Done." };
  };
  let requests = 0;
  const model = serveModel(kind.api, script, (body) => {
    requests += 1;
    writeFileSync(join(room, "requests", `${prompt.length}-${String(requests).padStart(3, "0")}.json`), body);
  });
  const network = await refuseNetwork();
  try {
    const { command, env: own } = launch({ ...place, modelUrl: model.url, prompt });
    const env = { ...baseEnv(room), ...network.env, ...own };
    const ran = await run([...command, ...more], { room, cwd: place.project, env, signal: interrupted.signal });
    return { ...found, said: ran.said };
  } finally {
    await model.close();
    network.close();
    await endLeftovers(room);
  }
}
