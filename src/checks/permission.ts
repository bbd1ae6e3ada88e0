/** Whose word lets a check be looked at: whoever started the server, never a definition that was merely found. */
import { type Check, kindOf } from "../check.ts";

export interface Permission {
  /** Whether checks that definitions bring may be looked at. */
  allowed: boolean;
  /** What whoever started the server named; each allows itself. */
  commands: ReadonlyMap<string, { text: string; words: string[] }>;
  /** The operating system, as node names it; else this one. */
  platform?: NodeJS.Platform;
}

/** Why this check may not be looked at, in one line for the agent to pass on; null where it may. */
export function refusalOf(check: Check, trusted: boolean, permission: Permission): string | null {
  const { allowed, commands, platform = process.platform } = permission;
  if (!trusted) {
    return "this workflow was only found in the project; name the directory (--workflows) to let its checks run";
  }
  const kind = kindOf(check);
  const name = kind.commandName?.(check);
  if (name === undefined) {
    if (!allowed) return "the server was started without --allow-checks";
  } else if (!commands.has(name)) {
    return `the server was started without --command ${name}=…`;
  }
  if (kind.startsProgram && platform === "win32") return "programs are run on POSIX systems only";
  return null;
}
