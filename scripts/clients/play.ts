/** Plays the scenario in the model's place for one client, and keeps what each answer of the orchestrator came to. */
import { type ClientKind, callDirectly } from "./client-kind.ts";
import type { Given, Turn } from "./model/api.ts";
import { type Known, learn, missing, SCENES } from "./scenario.ts";

/** What the model was given for one scene. */
export interface Seen {
  title: string;
  /** As it came, and with escapes undone. */
  raw: string;
  plain: string;
  /** Names of what should have been in it. */
  missing: string[];
}

export interface Play {
  /** The next turn; null for a request that is not the agent's own. */
  script(given: Given): Turn | null;
  seen: Seen[];
  /** Names of all tools that any request offered. */
  offered: Set<string>;
  /** Calls that the client needed before it could make ours. */
  searches: number;
  /** Requests of the agent, in order. */
  bodies: string[];
}

/** Most calls to find a tool that is not offered. */
const MOST_SEARCHES = 8;

export function play(kind: ClientKind): Play {
  const turns: Turn[] = [];
  /** Which scene each turn is for; null for a search. */
  const scenes: (number | null)[] = [];
  let known: Known = { instanceId: "", stepId: "" };
  const result: Play = { script, seen: [], offered: new Set(), searches: 0, bodies: [] };
  return result;

  function script(given: Given): Turn | null {
    const count = given.results.length;
    if (count > turns.length) return null;
    if (count < turns.length) return turns[count] ?? null; // the client asks again
    const last = scenes.at(-1);
    if (last !== undefined && last !== null) take(last, given.results.at(-1) ?? "");
    const turn = next(given);
    if (turn === null) return null;
    for (const name of given.tools) result.offered.add(name);
    result.bodies.push(given.body);
    turns.push(turn);
    return turn;
  }

  function take(index: number, raw: string): void {
    const scene = SCENES[index];
    if (!scene) return;
    const plain = unescaped(raw);
    known = learn(known, plain);
    result.seen.push({ title: scene.title, raw, plain, missing: missing(scene, known, plain) });
  }

  function next(given: Given): Turn | null {
    const index = result.seen.length;
    const scene = SCENES[index];
    if (!scene) return { kind: "say", text: "Done." };
    const turn = (kind.turn ?? callDirectly)(scene.call(known), given);
    if (turn?.kind !== "call") return turn;
    if (turn.isSearch) result.searches += 1;
    if (result.searches > MOST_SEARCHES) return { kind: "say", text: "The tool cannot be found." };
    scenes.push(turn.isSearch ? null : index);
    return turn;
  }
}

/** Text as it was before it became JSON, however often. */
export function unescaped(text: string): string {
  return text
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+n/g, "\n")
    .replace(/\\+"/g, '"');
}
