/** Forms that several kinds share: a text, a path or a glob in the project, a time limit. */
import { z } from "zod";
import { oneLine } from "../words.ts";
import { nameOf, type Written } from "../written.ts";
import type { Fault } from "./kind.ts";

/** How long a program may take where the definition names no time, in seconds. */
export const DEFAULT_TIMEOUT_S = 300;
/** The longest time that a definition may give a program, in seconds. */
export const MAX_TIMEOUT_S = 3_600;

export const Timeout = z.int().min(1).max(MAX_TIMEOUT_S);

export const PATH_HINT = 'Name it relative to the project, with forward slashes and without "..", like "docs/plan.md"';

const GLOB_HINT = 'Git knows *, **, ? and [abc] here; write one glob that takes in all that counts, like "src/**"';

/** The text, trimmed, which is not empty. */
export function readText(key: string, written: Written): string | Fault {
  if (written.kind !== "scalar") return { key, why: `must be text; it is ${nameOf(written)}` };
  const text = written.value === null ? "" : written.text.trim();
  return text === "" ? { key, why: "is empty" } : text;
}

/** A path that stays in the project. */
export function readPath(key: string, written: Written): string | Fault {
  const path = readText(key, written);
  if (typeof path !== "string") return path;
  const fault = pathFault(path);
  return fault === null ? path : { key, why: `is "${oneLine(path, 80)}", which ${fault}`, hint: PATH_HINT };
}

/** Why the path may not be looked at, or null. */
function pathFault(path: string): string | null {
  if (path.includes("\0")) return "holds a NUL character";
  if (path.includes("\\")) return "holds a backslash";
  if (/^(?:\/|~\/|~$|[A-Za-z]:)/.test(path)) return "is not relative to the project";
  return path.split("/").includes("..") ? 'holds ".."' : null;
}

/** A glob that stays in the project, and that git reads as it is meant. */
export function readGlob(key: string, written: Written): string | Fault {
  const glob = readPath(key, written);
  if (typeof glob !== "string") return glob;
  const fault = globFault(glob);
  return fault === null ? glob : { key, why: `is "${oneLine(glob, 80)}", which ${fault}`, hint: GLOB_HINT };
}

/** Why git would find nothing by the glob, ever, or something else than it says; null where it may. */
function globFault(glob: string): string | null {
  if (/^[:!]/.test(glob)) return `begins with "${glob[0]}"`;
  return /[{}]/.test(glob) ? "holds braces, and git takes them as they are" : null;
}

/** The seconds of the option `timeout`. */
export function readTimeout(written: Written | undefined): number | Fault {
  if (!written) return DEFAULT_TIMEOUT_S;
  const seconds = Timeout.safeParse(written.kind === "scalar" ? written.value : null);
  if (seconds.success) return seconds.data;
  return {
    key: "timeout",
    why: `must be whole seconds from 1 to ${MAX_TIMEOUT_S}; it is ${nameOf(written)}`,
    hint: `Write the seconds, like "timeout: 120"; without it, ${DEFAULT_TIMEOUT_S} are given`,
  };
}
