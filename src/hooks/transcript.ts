/** Which runs a session's transcript speaks of. The file is the client's, and its path came from outside: it is only searched. */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { HookInput } from "./input.ts";

/** Read at once, and at the most, in bytes from the end. */
const PART = 1024 * 1024;
const MOST = 16 * PART;
/** Longer than any id together with what stands before it, so that nothing is lost between two parts. */
const OVERLAP = 512;
/** How far before an id the call stands that is handed out with it, in characters. */
const NEAR = 300;
/** Most ids of one part. */
const MOST_IDS = 500;

/** An id that stands in a transcript. */
export interface Mention {
  instance_id: string;
  /** It stands in a call that reports, made or handed out: the session does the run's steps. Else it may only be named in a list. */
  isDone: boolean;
}

/** An id that may be a part of a path. */
const PLAIN = /^[\w-]{1,100}$/;

/**
 * Where transcripts lie, the nearest first: as the client names one, else where it keeps it. Copilot CLI names it as the agent
 * stops alone, and Claude Code that of a helper. A helper that works at no run of its own works at the session's.
 */
export function transcriptsFor(
  { client, transcript, session, helper }: Pick<HookInput, "client" | "transcript" | "session" | "helper">,
  homes: { copilot: string },
): string[] {
  if (transcript === null)
    return client === "copilot" && PLAIN.test(session)
      ? [join(homes.copilot, "session-state", session, "events.jsonl")]
      : [];
  if (client !== "claude" || helper === null || !PLAIN.test(helper)) return [transcript];
  const own = join(transcript.replace(/\.jsonl$/, ""), "subagents", `agent-${helper}.jsonl`);
  return existsSync(own) ? [own, transcript] : [transcript];
}

/**
 * The ids of the last part of the file that holds one `isWanted` wants, the last mentioned first; empty if none does, or the
 * path leads to no file that can be read.
 */
export function mentions(path: string, isWanted: (mention: Mention) => boolean): Mention[] {
  if (!isAbsolute(path)) return [];
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe would wait for its writer
  try {
    const found = fstatSync(file);
    if (!found.isFile()) return [];
    for (let end = found.size; end > 0 && found.size - end < MOST; end -= PART) {
      const begin = Math.max(0, end - PART);
      const wanted = mentionsIn(textAt(file, begin, Math.min(found.size, end + OVERLAP))).filter(isWanted);
      if (wanted.length > 0) return wanted;
    }
    return [];
  } finally {
    closeSync(file);
  }
}

function textAt(file: number, begin: number, end: number): string {
  const bytes = Buffer.allocUnsafe(end - begin);
  return bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, begin));
}

/** Last mentioned first, each once. */
function mentionsIn(text: string): Mention[] {
  const found = new Map<string, Mention>();
  for (const match of text.matchAll(/(?<![0-9A-Za-z])(?:run|wf)_[0-9A-Za-z]{1,40}(?![0-9A-Za-z])/g)) {
    const [instance_id] = match;
    const before = text.slice(Math.max(0, match.index - NEAR), match.index);
    const isDone = before.includes("advance_workflow") || (found.get(instance_id)?.isDone ?? false);
    found.delete(instance_id);
    found.set(instance_id, { instance_id, isDone });
  }
  return [...found.values()].reverse().slice(0, MOST_IDS);
}
