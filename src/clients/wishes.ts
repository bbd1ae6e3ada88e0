/** What we want in which file of a client: the server's entry, what lets it call tools that only read, hooks. */
import { join } from "node:path";
import type { HookEvent } from "../hook.ts";
import { HOOKS, hookCommand, hookLists, isOurHook } from "./hooks.ts";
import type { Wish } from "./json-config.ts";
import { isBare, rootOf } from "./json-text.ts";
import { CLIENTS, type ClientName, type Homes, type Scope } from "./known.ts";
import { freshWords, type Launch, updatedWords } from "./launch.ts";
import { fault } from "./text-edit.ts";
import type { TomlWish } from "./toml-config.ts";

/** What we want in one file. */
export interface Wanted {
  path: string;
  json: Wish[];
  toml: TomlWish | null;
  /** The lines of a file that is ours alone. */
  whole: readonly string[] | null;
  hasServer: boolean;
  /** What the file begins as, if it is made. */
  head: string;
}

interface Aim {
  project: string;
  homes: Homes;
  scope: Scope;
  /** The file of servers. */
  server: string;
  launch: Launch;
  tests: string | null;
  replace: boolean;
  hooks: boolean;
  /** The database that the server's entry names. */
  database?: string | null;
}

/** By file, that of servers first. */
export function wishesFor(client: ClientName, aim: Aim): Wanted[] {
  const { allows, rules, format } = CLIENTS[client];
  const words = wordsFor(client, aim);
  const server: Wanted = { path: aim.server, json: [], toml: null, whole: null, hasServer: true, head: "" };
  if (format === "toml") server.toml = { keys: CLIENTS[client].keys, words, isOurs: aim.launch.isOurs };
  else server.json.push(serverWish(client, words, aim.launch));
  const all = [server];
  if (allows) {
    const { keys, items } = allows;
    const path = aim.scope === "project" ? join(aim.project, allows.project) : allows.user(aim.homes);
    fileOf(all, path).json.push({ kind: "items", keys, items, isOurs: () => false });
  }
  if (rules && aim.scope === "user") fileOf(all, rules.user(aim.homes)).whole = rules.lines;
  if (aim.hooks) addHooks(all, client, aim);
  return all;
}

/** Whether nothing is in the text that a file of ours would not begin as. */
export function isWholeOurs(text: string, { toml, whole, head }: Wanted): boolean {
  if (toml || whole || text.trim() === "") return text.trim() === "";
  const root = rootOf(text);
  return root ? isBare(text, root) || text === head : false;
}

function addHooks(all: Wanted[], client: ClientName, { project, homes, scope, launch, database = null }: Aim): void {
  const table = HOOKS[client];
  const path = scope === "project" ? table?.project && join(project, table.project) : table?.user?.(homes);
  if (!table || !path) return;
  const file = fileOf(all, path);
  if (Object.keys(table.head).length > 0) file.head = `${JSON.stringify(table.head, null, 2)}\n`;
  const commandOf = (event: HookEvent) => hookCommand(event, { self: launch.self, client, database });
  for (const [name, items] of hookLists(table, commandOf))
    file.json.push({ kind: "items", keys: ["hooks", name], items, isOurs: (found) => isOurHook(found, client) });
}

function fileOf(all: Wanted[], path: string): Wanted {
  const there = all.find((each) => each.path === path);
  if (there) return there;
  const made: Wanted = { path, json: [], toml: null, whole: null, hasServer: false, head: "" };
  all.push(made);
  return made;
}

type WordsFor = (found: string[] | null | undefined) => string[];

/** The words of the entry, given those that stand there: undefined if there is none, null if they cannot be read. */
function wordsFor(client: ClientName, { launch, replace, scope, tests }: Aim): WordsFor {
  const { workspace } = CLIENTS[client];
  const commands = tests !== null && scope === "project" ? [...launch.commands, `test=${tests}`] : launch.commands;
  const fresh = () => freshWords({ ...launch, commands }, workspace);
  return (found) => {
    if (found === undefined) return fresh();
    if (found !== null && launch.isOurs(found)) return updatedWords(found, launch, workspace);
    if (replace) return fresh();
    throw fault(
      `has another server of the name orchestrator${found ? ` (${found[0]})` : ""}: --replace puts ours in its place`,
    );
  };
}

function serverWish(client: ClientName, words: WordsFor, launch: Launch): Wish {
  const { keys, shape } = CLIENTS[client];
  const isOurs = (found: unknown) => {
    const own = shape.words(found);
    return own !== null && launch.isOurs(own);
  };
  const value = (found: unknown) => {
    if (found === undefined) return shape.entry(words(undefined));
    const all = words(shape.words(found));
    return isOurs(found) ? shape.part(all) : shape.entry(all);
  };
  return { kind: "entry", keys, value, isOurs };
}
