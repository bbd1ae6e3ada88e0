/** What would become of the files of a client, and the doing of it. Nothing is written that the plan does not name. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import {
  type ConfigFile,
  copyPath,
  mayHoldOurs,
  readConfigFile,
  readCopy,
  removeConfigFile,
  removeCopy,
  writeConfigFile,
} from "./config-file.ts";
import { databaseOf } from "./database.ts";
import { withoutWishes, withWishes } from "./json-config.ts";
import { written } from "./json-text.ts";
import { CLIENTS, type ClientKind, type ClientName, type Homes, type Scope } from "./known.ts";
import type { Launch } from "./launch.ts";
import { applied, type Edited, fault, layoutOf } from "./text-edit.ts";
import { tableLines, withoutTable, withTable } from "./toml-config.ts";
import { isWholeOurs, type Wanted, wishesFor } from "./wishes.ts";

export interface Purpose {
  /** Absolute. */
  project: string;
  homes: Homes;
  /** Null: where the client's file lies. */
  scope: Scope | null;
  launch: Launch;
  /** A command for tests, for a new entry in a project's file. */
  tests: string | null;
  /** Whether a server of that name that is not ours gives way. */
  replace: boolean;
  remove: boolean;
}

/** What would become of one file. */
export interface FilePlan {
  client: ClientName;
  scope: Scope;
  /** As the client names it; a link is followed. */
  path: string;
  action: "make" | "change" | "delete" | "keep" | "leave";
  /** Our own lines in it, each behind `+ ` or `- `. */
  shown: string[];
  /** Why it is left alone, to be read behind its name; else empty. */
  why: string;
  /** What to write by hand, if it is left alone. */
  paste: string[];
  /** Whether the server's entry is a new one. */
  isNewEntry: boolean;
  /** Does it; throws if it cannot be done. The copy of the old file, if there is one. */
  act(): string | null;
}

/** Whether the client is there: one of its programs, or what it leaves in the user's directories or in the project. */
export function isPresent({ programs, signs, projectSigns }: ClientKind, homes: Homes, project: string): boolean {
  const names = programs.flatMap((name) => (process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name]));
  return (
    homes.path.some((directory) => names.some((name) => existsSync(join(directory, name)))) ||
    signs(homes).some((path) => existsSync(path)) ||
    projectSigns.some((path) => existsSync(join(project, path)))
  );
}

/** The plan for one client. Throws INVALID_INPUT if it has no file of the scope. */
export function planFor(client: ClientName, purpose: Purpose): FilePlan[] {
  const kind = CLIENTS[client];
  const scopes = purpose.remove && !purpose.scope ? scopesOf(kind, purpose) : [chosenScope(client, purpose)];
  return scopes.flatMap((scope) => planIn(client, scope, purpose));
}

function planIn(client: ClientName, scope: Scope, purpose: Purpose): FilePlan[] {
  const kind = CLIENTS[client];
  const server = serverFile(kind, scope, purpose);
  const base = scope === "project" ? purpose.project : null;
  const database = databaseOf(client, server, { launch: purpose.launch, base });
  const plans: FilePlan[] = [];
  for (const wanted of wishesFor(client, { ...purpose, scope, server, hooks: true, database })) {
    const plan = planOf(wanted, { client, scope, purpose });
    if (purpose.remove && plan.action === "keep") continue;
    plans.push(plan);
    if (plan.action === "leave" && wanted.path === server) break; // what goes with the server waits for it
  }
  return plans;
}

function planOf(
  wanted: Wanted,
  { client, scope, purpose }: { client: ClientName; scope: Scope; purpose: Purpose },
): FilePlan {
  const { path } = wanted;
  const base = { client, scope, path, shown: [], why: "", paste: [], isNewEntry: false, act: () => null };
  try {
    const file = readConfigFile(path);
    const plan = purpose.remove ? removing(wanted, file, stayOf(purpose)) : putting(wanted, file);
    return { ...base, ...plan };
  } catch (error) {
    if (purpose.remove && !mayHoldOurs(path)) return { ...base, action: "keep" };
    const why = error instanceof AppError ? error.message : reasonOf(error);
    return { ...base, action: "leave", why, paste: purpose.remove ? [] : pasted(wanted) };
  }
}

type Part = Pick<FilePlan, "action" | "shown" | "isNewEntry" | "act">;

function putting(wanted: Wanted, file: ConfigFile): Part {
  const before = file.text ?? wanted.head;
  const edited = withOurs(before, wanted);
  const isNewEntry = wanted.hasServer && !hasServer(before, wanted);
  if (file.text !== null && edited.text === file.text) {
    return { action: "keep", shown: [], isNewEntry, act: () => null };
  }
  // an entry may hold keys of a person's own
  const keep = file.text !== null && (wanted.hasServer || !isOursAlone(file.text, wanted));
  const act = () => {
    writeConfigFile(file, edited.text, { keep });
    return keep ? copyPath(file.target) : null;
  };
  return { action: file.text === null ? "make" : "change", shown: edited.shown, isNewEntry, act };
}

function removing(wanted: Wanted, file: ConfigFile, stay: readonly string[]): Part {
  const nothing: Part = { action: "keep", shown: [], isNewEntry: false, act: () => null };
  if (file.text === null) return nothing;
  const copy = readCopy(file.target);
  const edited = without(file.text, wanted, copy);
  if (edited.text === file.text) return nothing;
  const isGone = copy === null && isWholeOurs(edited.text, wanted);
  const act = () => {
    if (isGone) removeConfigFile(file, stay);
    else writeConfigFile(file, edited.text);
    return isGone || removeCopy(file.target) ? null : copyPath(file.target);
  };
  return { action: isGone ? "delete" : "change", shown: edited.shown, isNewEntry: false, act };
}

/** Whether ours stands in it, and nothing else: there was no such file before we came. */
function isOursAlone(text: string, wanted: Wanted): boolean {
  const rest = without(text, wanted, null).text;
  return rest !== text && isWholeOurs(rest, wanted);
}

function withOurs(text: string, { toml, json, whole }: Wanted): Edited {
  if (!whole) return toml ? withTable(text, toml) : withWishes(text, json);
  const fresh = `${whole.join("\n")}\n`;
  if (text === fresh) return { text, shown: [] };
  if (text.trim() !== "") throw fault("holds other lines than ours");
  return applied({ text, shown: [] }, [{ at: 0, length: text.length, text: fresh }]);
}

function without(text: string, { toml, json, whole }: Wanted, copy: string | null): Edited {
  if (whole) {
    const isOurs = text === `${whole.join("\n")}\n`;
    return { text: isOurs ? "" : text, shown: isOurs ? whole.map((line) => `- ${line}`) : [] };
  }
  return toml ? withoutTable(text, toml, copy) : withoutWishes(text, json, copy);
}

/** Where the entry stands, else where a file lies, else the project. */
function chosenScope(client: ClientName, purpose: Purpose): Scope {
  const kind = CLIENTS[client];
  const can = scopesOf(kind, purpose);
  const { scope } = purpose;
  if (scope && !can.includes(scope)) {
    const why = scope === "project" ? kind.noProject : kind.noUser;
    throw new AppError("INVALID_INPUT", `${kind.title} ${why}; nothing changed.`, {
      hint: `Use --scope ${can.join(" or ")} for it.`,
    });
  }
  if (scope) return scope;
  const there = can.filter((each) => existsSync(serverFile(kind, each, purpose)));
  const standing = there.find((each) => isOursThere(client, each, purpose));
  return standing ?? there[0] ?? (kind.userFirst ? "user" : (can[0] ?? "user"));
}

function isOursThere(client: ClientName, scope: Scope, purpose: Purpose): boolean {
  const server = serverFile(CLIENTS[client], scope, purpose);
  const [wanted] = wishesFor(client, { ...purpose, scope, server, hooks: false });
  if (!wanted) return false;
  try {
    const { text } = readConfigFile(server);
    return text !== null && hasServer(text, wanted);
  } catch {
    return false;
  }
}

function hasServer(text: string, wanted: Wanted): boolean {
  return without(text, { ...wanted, json: wanted.json.slice(0, 1) }, null).text !== text;
}

function scopesOf({ project, user }: ClientKind, { homes }: Purpose): Scope[] {
  return [...(project.length > 0 ? ["project" as const] : []), ...(user(homes).length > 0 ? ["user" as const] : [])];
}

/** The first file that is there, else the first. */
function serverFile(kind: ClientKind, scope: Scope, { project, homes }: Purpose): string {
  const files = scope === "project" ? kind.project.map((name) => join(project, name)) : kind.user(homes);
  return files.find((file) => existsSync(file)) ?? files[0] ?? "";
}

/** Directories that are not ours to remove. */
function stayOf({ project, homes }: Purpose): string[] {
  const { home, config } = homes;
  return [project, home, config, dirname(home), "/"];
}

function pasted({ toml, json, whole }: Wanted): string[] {
  if (whole) return [...whole];
  if (toml) return tableLines(toml.keys, toml.words(undefined));
  const layout = layoutOf("");
  return json.flatMap((wish) => {
    const inner = wish.kind === "entry" ? wish.value(undefined) : wish.items;
    const whole = wish.keys.reduceRight<unknown>((nested, key) => ({ [key]: nested }), inner);
    return written(whole, "", layout).split("\n");
  });
}

/** What the system says, without its code and path. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return "is nested too deep";
  return `cannot be read or written: ${error instanceof Error ? error.message : String(error)}`;
}
