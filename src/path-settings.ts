/** Settings that are paths: made absolute, and refused in words where they are not what they should be. */
import { realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "./errors.ts";

export interface Setting {
  /** The flag or the variable. */
  name: string;
  value: string;
}

/** What relative paths, and those that begin with `~/`, are relative to. */
export interface Whereabouts {
  cwd: string;
  home: string;
}

/** `${HOME}`, `$HOME/x`, `%APPDATA%`, `~ada`: what a shell would have replaced, and a client's settings file did not. */
const UNEXPANDED = /\$\{|^\$\w|%[A-Za-z_]+%|^~[^/\\]/;

/** The absolute path; throws INVALID_INPUT where the value is one that nobody expanded. */
export function pathOf({ name, value }: Setting, { cwd, home }: Whereabouts): string {
  if (UNEXPANDED.test(value)) {
    throw new AppError("INVALID_INPUT", `${name} is "${value}": the client did not expand it.`, {
      hint: "Write the path in full, or let it begin with ~/ for your home directory.",
    });
  }
  return /^~(?=$|[/\\])/.test(value) ? join(home, value.slice(1)) : resolve(cwd, value);
}

/** The directory, symbolic links resolved; throws INVALID_INPUT where there is none. */
export function existingDirectory(setting: Setting, at: Whereabouts): string {
  const path = pathOf(setting, at);
  if (setting.value && kindOf(path) === "directory") return realpathSync(path);
  throw new AppError("INVALID_INPUT", `${setting.name} is "${setting.value}", which is not an existing directory.`, {
    hint: `Set ${setting.name} to a directory that exists and is readable.`,
  });
}

/** The file, which need not exist yet; throws INVALID_INPUT where something else stands there, which is not opened. */
export function fileOrNothing(setting: Setting, at: Whereabouts): string {
  const path = pathOf(setting, at);
  const kind = kindOf(path);
  if (setting.value && (kind === "file" || kind === "nothing")) return path;
  const what = kind === "other" ? "a pipe, a socket or a device, not a file" : "not a file";
  throw new AppError("INVALID_INPUT", `${setting.name} is "${setting.value}", which is ${what}.`, {
    hint: `Set ${setting.name} to the path of the database file; it is created where it is missing.`,
  });
}

/** What is at the path; `blocked` where it leads through a file, or may not be looked at. */
function kindOf(path: string): "directory" | "file" | "other" | "nothing" | "blocked" {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return "nothing";
    return found.isDirectory() ? "directory" : found.isFile() ? "file" : "other";
  } catch {
    return "blocked";
  }
}
