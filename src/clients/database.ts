/** Which database an entry of ours names for its server: hooks that read another one would say nothing. */
import { resolve } from "node:path";
import { getNodeValue } from "jsonc-parser";
import { readConfigFile } from "./config-file.ts";
import { rootOf } from "./json-text.ts";
import { CLIENTS, type ClientName, isObject } from "./known.ts";
import type { Launch } from "./launch.ts";

/**
 * By `--db`, else by a variable of the entry's own. Null if it names none, or in a way that the client alone expands. `base`: where
 * a relative path starts, if that is known.
 */
export function databaseOf(
  client: ClientName,
  file: string,
  { launch, base }: { launch: Launch; base: string | null },
) {
  const entry = entryIn(client, file);
  const words = CLIENTS[client].shape.words(entry);
  if (words === null || !launch.isOurs(words) || !isObject(entry)) return null;
  const named = flagOf(words) ?? variableOf(entry);
  if (!named || /[$%]/.test(named)) return null;
  return base === null || named.startsWith("~") ? named : resolve(base, named);
}

/** What stands at the client's keys; undefined if nothing does, or the file cannot be read. */
function entryIn(client: ClientName, file: string): unknown {
  const { format, keys } = CLIENTS[client];
  try {
    const { text } = readConfigFile(file);
    const root: unknown = format === "toml" ? Bun.TOML.parse(text ?? "") : jsonIn(text ?? "");
    return keys.reduce((value, key) => (isObject(value) ? value[key] : undefined), root);
  } catch {
    return undefined;
  }
}

function jsonIn(text: string): unknown {
  const root = rootOf(text);
  return root && getNodeValue(root);
}

function flagOf(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === "--db" || word.startsWith("--db="));
  return at < 0 ? undefined : words[at] === "--db" ? words[at + 1] : words[at]?.slice("--db=".length);
}

function variableOf({ env }: Record<string, unknown>): string | undefined {
  const value = isObject(env) ? env["WORKFLOW_DB_PATH"] : undefined;
  return typeof value === "string" ? value : undefined;
}
