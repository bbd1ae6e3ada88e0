/** Settings that are paths: made absolute, or refused with the reason and the way out. */
import { realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "./errors.ts";

export interface Setting {
  /** The flag or the variable. */
  name: string;
  value: string;
}

/** The directories that relative paths, and those that begin with `~/`, start from. */
export interface Whereabouts {
  cwd: string;
  home: string;
}

/** `${HOME}`, `$HOME/x`, `%APPDATA%`, `~ada`: what a shell would have replaced, and a client's settings file did not. */
const UNEXPANDED = /\$\{|^\$\w|%[A-Za-z_]+%|^~[^/\\]/;

/** `postgres://host/db`, `file:x.db`, `:memory:`: understood by other programs, and here the names of odd directories. */
const NO_PATH = /^[a-z][a-z0-9+.-]+:|^:memory:$/i;

/** The absolute path. Throws INVALID_INPUT if it holds a variable that nobody expanded, or is a URL. */
export function pathOf({ name, value }: Setting, { cwd, home }: Whereabouts): string {
  if (UNEXPANDED.test(value)) {
    throw new AppError("INVALID_INPUT", `${name} is "${value}": the client did not expand it.`, {
      hint: "Write the path in full, or let it begin with ~/ for your home directory.",
    });
  }
  if (NO_PATH.test(value)) {
    throw new AppError("INVALID_INPUT", `${name} is "${value}", which is no path.`, {
      hint: "Write the path of a file or directory; let it begin with ./ if its name holds such a colon.",
    });
  }
  return /^~(?=$|[/\\])/.test(value) ? join(home, value.slice(1)) : resolve(cwd, value);
}

/** The directory, symbolic links resolved. Throws INVALID_INPUT if there is none. */
export function existingDirectory(setting: Setting, at: Whereabouts): string {
  const path = pathOf(setting, at);
  if (setting.value && kindOf(path) === "directory") return realpathSync(path);
  throw new AppError("INVALID_INPUT", `${setting.name} is "${setting.value}", which is not an existing directory.`, {
    hint: `Set ${setting.name} to a directory that exists and is readable.`,
  });
}

/** The path of a file, which need not exist yet; opens nothing. Throws INVALID_INPUT if something else stands there. */
export function fileOrNothing(setting: Setting, at: Whereabouts): string {
  const path = pathOf(setting, at);
  const kind = kindOf(path);
  if (setting.value && (kind === "file" || kind === "nothing")) return path;
  const what = kind === "other" ? "a pipe, a socket or a device, not a file" : "not a file";
  throw new AppError("INVALID_INPUT", `${setting.name} is "${setting.value}", which is ${what}.`, {
    hint: `Set ${setting.name} to the path of the database file; it is created if it is missing.`,
  });
}

/** What is at the path; `blocked` if it leads through a file, or may not be looked at. */
function kindOf(path: string): "directory" | "file" | "other" | "nothing" | "blocked" {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return "nothing";
    return found.isDirectory() ? "directory" : found.isFile() ? "file" : "other";
  } catch {
    return "blocked";
  }
}
