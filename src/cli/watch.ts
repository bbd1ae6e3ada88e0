/** `orchestrator watch ID`: what happens in a run, as it happens. It does nothing itself. */
import { SERVER } from "../engine/serve.ts";
import { type Instance, isFinal } from "../instance.ts";
import { itemWords } from "../mcp/branch-words.ts";
import { saying } from "../mcp/recap-text.ts";
import { RELEASED, turnWords } from "../turn.ts";
import { oneLine, visible } from "../words.ts";
import { type Command, JSON_OUTPUT, STATE, type Terminal, withApp } from "./command.ts";
import { createFollower, type Happening, untilChanged } from "./follow.ts";
import { pageOf, paint, type Screen } from "./screen.ts";
import { standsText, whereView } from "./steering.ts";
import { type Clock, createClock, endWords, eventWords, finalWords, openWords } from "./timeline.ts";

/** As a shell has it for what was ended by Ctrl-C. */
const INTERRUPTED = 130;
/** Longest name of a step or a branch, and longest of what is waited for, in characters. */
const MAX_NAME = 60;
const MAX_WAITS = 300;

export const watch: Command = {
  name: "watch",
  summary: "Follow a run: print what happens in it, until it is over",
  arguments: "ID",
  options: { db: STATE.db, json: { ...JSON_OUTPUT.json, help: "Print JSON, a line for each event" } },
  run: async (words, terminal) => {
    const { print, printRaw, complain } = terminal;
    const [id, ...more] = words.positionals;
    if (!id || more.length > 0) {
      complain("Name one run: orchestrator watch ID (orchestrator instances lists them)");
      return 2;
    }
    const stop = untilUnread(terminal);
    return withApp(words, stop, async ({ engine }) => {
      const screen = pageOf(terminal);
      const look = { clock: createClock(screen), screen, client: "" };
      const status = statusLine(terminal, screen);
      let revision = await engine.revision();
      const follower = await createFollower(engine, id);
      const json = words.values["json"] === true;
      print(json ? JSON.stringify(whereView(follower.root())) : standsText(follower.root(), new Date()));
      while (!stop.aborted && !isFinal(follower.root().status)) {
        await untilChanged(engine, { revision, stop, ...(json ? {} : { tick: () => status.draw(follower.root()) }) });
        revision = await engine.revision();
        const happened = await follower.look();
        const lines = json ? happened.map(asJson) : happened.flatMap((each) => linesOf(each, look));
        if (lines.length > 0) status.clear();
        for (const line of lines) json ? print(line) : printRaw(line);
      }
      status.clear();
      const over = follower.root().status;
      if (!isFinal(over)) return INTERRUPTED;
      return over === "COMPLETED" ? 0 : 1;
    });
  },
};

/** Ends also if nobody reads any more. */
function untilUnread({ ends, stop }: Terminal): AbortSignal {
  const gone = new AbortController();
  ends().output.once("error", () => gone.abort());
  return AbortSignal.any([stop, gone.signal]);
}

function asJson({ instance, entry }: Happening): string {
  return JSON.stringify(entry ? { instance_id: instance.instance_id, entry } : whereView(instance));
}

interface Look {
  clock: Clock;
  screen: Screen;
  /** The client that reported last: it is named where another one does. */
  client: string;
}

function linesOf({ instance, entry }: Happening, look: Look): string[] {
  const { clock, screen } = look;
  const branch =
    instance.branch && `[${instance.branch.number} ${oneLine(itemWords(instance.branch.item), MAX_NAME)}] `;
  const { visit, step_name } = entry ?? instance;
  const head = `${branch ?? ""}${String(visit).padStart(3)} ${paint(oneLine(step_name, MAX_NAME), "1", screen)}`;
  if (!entry) {
    const words = stateWords(instance, screen);
    return words === ""
      ? []
      : clock.line(instance.updated_at, isFinal(instance.status) ? `${branch ?? ""}    ${words}` : `${head}  ${words}`);
  }
  const by = entry.report && entry.actor !== look.client ? entry.actor : undefined;
  if (entry.report && entry.actor !== SERVER) look.client = entry.actor;
  const how = entry.decision ? endWords(entry, { by, screen }) : eventWords(entry);
  const said = saying(entry);
  return clock.line(entry.ended_at, `${head}  ${how}${said && ` · ${said}`}`);
}

/** Whose turn it is, unless that is the agent's, or the line above says so; what a person is to type. */
function stateWords(instance: Instance, screen: Screen): string {
  const { turn, instance_id } = instance;
  if (!turn) return finalWords(instance, screen);
  const words = visible(oneLine(turnWords(turn), MAX_WAITS));
  if (turn.of === "person") {
    const command = turn.kind === "approval" ? "approve" : RELEASED.has(turn.kind) ? "release" : null;
    const how = command ? `: orchestrator ${command} ${instance_id}` : "";
    return `${paint("waits for you", "1;33", screen)}, ${words}${how}`;
  }
  const told = turn.of === "clock" || (turn.of === "server" && turn.kind === "server_step");
  return told ? paint(words, "36", screen) : "";
}

/** What the run does now, in the last line of a terminal; elsewhere nothing. */
function statusLine({ ends }: Terminal, screen: Screen) {
  const { output } = ends();
  let drawn = "";
  const clear = () => {
    if (drawn) output.write("\r\u001b[2K");
    drawn = "";
  };
  return {
    clear,
    draw(instance: Instance) {
      if (!output.isTTY) return;
      const { step_name, visit } = instance;
      const now = new Date().toISOString();
      const doing = `${oneLine(step_name, MAX_NAME)} (visit ${visit}) ${openWords(instance, now, { ...screen, color: false })}`;
      const line = doing.slice(0, screen.width - 1);
      if (line === drawn) return;
      clear();
      output.write(paint(line, "2", screen));
      drawn = line;
    },
  };
}
