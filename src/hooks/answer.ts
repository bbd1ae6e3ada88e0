/** What is to be said at a moment of a session, if anything: from what the client tells, its transcript and the runs. */
import type { HookRun, HookRuns } from "../hook.ts";
import { editedFiles } from "./edited.ts";
import type { HookAnswer } from "./form.ts";
import { takesIn } from "./glob.ts";
import type { HookInput } from "./input.ts";
import { inProject, withParents } from "./place.ts";
import { heldEdit, heldStop, liveRuns } from "./say.ts";
import { type Mention, mentions } from "./transcript.ts";

/** Most live runs that are looked at. */
const MOST_RUNS = 50;

export interface Asked extends Omit<HookInput, "transcript"> {
  /** Those of the session, the nearest first. */
  transcripts: string[];
  /** The directory that the runs are about, as somebody named it, or the client; null: the one that it works in. */
  project: string | null;
  now: string;
}

/** A run of the session. */
interface Mine extends Mention {
  run: HookRun;
}

/** Null if there is nothing to say. */
export function hookAnswer(asked: Asked, runs: HookRuns): HookAnswer | null {
  switch (asked.event) {
    case "session-start":
      return tell(live(asked, runs), asked, runs);
    case "prompt":
    case "after-compaction":
      return tell(
        mine(asked, runs).map(({ run }) => run),
        asked,
        runs,
      );
    case "stop":
      return stop(asked, runs);
    case "before-edit":
      return edit(asked, runs);
  }
}

function tell(found: HookRun[], asked: Asked, runs: HookRuns): HookAnswer | null {
  if (found.length === 0) return null;
  const all = found.map((run) => ({ run, last: runs.lastReport(run) }));
  return { kind: "tell", text: liveRuns(all, asked) };
}

/** Those of the project, the one last reported on first. */
function live(asked: Asked, runs: HookRuns): HookRun[] {
  const [project = ""] = withParents(asked.project ?? asked.cwd);
  const at = (run: HookRun) => run.last_report_at ?? run.created_at;
  return runs.live(project, MOST_RUNS).sort((left, right) => (at(left) < at(right) ? 1 : -1));
}

/**
 * Live runs whose ids stand in the transcript, the last mentioned first. The session may have moved into a directory of the
 * project since it began.
 */
function mine(asked: Asked, runs: HookRuns): Mine[] {
  const projects = new Set([asked.project ?? [], asked.cwd].flat().flatMap(withParents));
  const isAny = [...projects].some((project) => runs.live(project, 1).length > 0);
  if (!isAny) return [];
  const found = new Map<string, HookRun | null>();
  const runOf = (id: string) => {
    if (!found.has(id)) found.set(id, runs.run(id));
    const run = found.get(id) ?? null;
    return run && projects.has(run.project) ? run : null;
  };
  for (const transcript of asked.transcripts) {
    const all = mentions(transcript, ({ instance_id }) => runOf(instance_id) !== null).flatMap((mention) => {
      const run = runOf(mention.instance_id);
      return run ? [{ ...mention, run }] : [];
    });
    if (all.length > 0) return all;
  }
  return [];
}

/** Those that the session does the steps of, and that wait for its agent. */
function handedOut(asked: Asked, runs: HookRuns): HookRun[] {
  const all = mine(asked, runs).filter(({ isDone, run }) => isDone && run.turn.of === "agent");
  return all.map(({ run }) => run).filter((run) => asked.helper !== null || isOfSession(run, runs));
}

/** Branches that are open several at once are helpers'; of one at a time the session's agent does each. */
function isOfSession({ parent_id }: HookRun, runs: HookRuns): boolean {
  return parent_id === null || runs.run(parent_id)?.turn.max_parallel === 1;
}

function stop(asked: Asked, runs: HookRuns): HookAnswer | null {
  if (asked.mayStop) return null;
  const { client, now } = asked;
  for (const run of handedOut(asked, runs)) {
    if (run.pending === "kept" || runs.isChecked(run)) continue;
    if (runs.hold(run, { kind: "stop", client, path: null, held_at: now }))
      return { kind: "hold", text: heldStop(run) };
  }
  return null;
}

/** A helper is told by nothing in the event which branch is its own: it is refused what all of them are. */
function edit(asked: Asked, runs: HookRuns): HookAnswer | null {
  const files = editedFiles(asked.tool, asked.toolInput);
  if (files.length === 0) return null;
  const found = handedOut(asked, runs);
  const concerned = asked.helper !== null ? found : found.slice(0, 1);
  const refused = concerned.map((run) => ({ run, ...refusalOf(run, files, { asked, runs }) }));
  const [first] = refused;
  if (!first || refused.some(({ path }) => path === null)) return null;
  const { run, path, globs } = first;
  if (path === null) return null;
  record(run, path, { asked, runs });
  return { kind: "refuse", text: heldEdit(run, path, globs) };
}

interface Place {
  asked: Asked;
  runs: HookRuns;
}

/** The first file that the run's step may not change, by its path in the project; null if there is none. */
function refusalOf(run: HookRun, files: string[], { asked, runs }: Place): { path: string | null; globs: string[] } {
  const globs = runs.edits(run);
  if (!globs || run.waived.includes(`edits ${globs.join(" ") || "none"}`)) return { path: null, globs: [] };
  const inside = files.flatMap((file) => inProject(file, { project: run.project, cwd: asked.cwd }) ?? []);
  return { path: inside.find((path) => !globs.some((glob) => takesIn(glob, path))) ?? null, globs };
}

/** An edit is refused whether or not that can be written down now. */
function record(run: HookRun, path: string, { asked: { client, now }, runs }: Place): void {
  try {
    runs.hold(run, { kind: "edit", client, path, held_at: now });
  } catch {
    // another process writes for longer than a hook may wait: one less is counted
  }
}
