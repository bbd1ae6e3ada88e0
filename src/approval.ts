/** A person decides: what they are shown before, what their yes is bound to, and what the history keeps of it. */
import { z } from "zod";

/** Most bytes of a context value or a file that are shown, and most of a diff. */
export const MAX_SHOWN_BYTES = 64 * 1024;
export const MAX_DIFF_BYTES = 256 * 1024;

/** One thing that a yes is bound to. */
export const Digest = z.object({
  /** As the definition names it: `context.version`, `docs/release.md`, `changes`. */
  what: z.string(),
  /** Another one if, and only if, what is shown is; null if nothing is there. */
  digest: z.string().nullable(),
});
export type Digest = z.infer<typeof Digest>;

/** The same as a person sees it. */
export interface Exhibit extends Digest {
  /** Why there is nothing to see, or what is not known of it, in one line. */
  fault?: string;
  /** Of `changes`: a line for each file, as `git diff --stat` prints it. */
  stat?: string;
  /** What is shown, whole characters of UTF-8; absent if there is nothing, or it is no text. */
  text?: string;
  /** How many bytes it has in all, if the text is cut. */
  bytes?: number;
  /** When it was changed last (ISO 8601, UTC), if that is known. */
  changed_at?: string;
}

/** What a line of a unified diff is, by how it begins; undefined: it is the same on both sides. */
export type DiffLine = "file" | "hunk" | "added" | "deleted";

/** The first that fits. */
const DIFF_LINES: [start: RegExp, kind: DiffLine][] = [
  [/^(?:diff |index |\+\+\+ |--- )/, "file"],
  [/^@@/, "hunk"],
  [/^\+/, "added"],
  [/^-/, "deleted"],
];

export function diffLineOf(line: string): DiffLine | undefined {
  return DIFF_LINES.find(([start]) => start.test(line))?.[1];
}

/** What is said of an exhibit that has nothing to see; null if it has. */
export function emptyWords({ what, fault, stat, text, digest }: Exhibit): string | null {
  if (text !== undefined || stat || fault !== undefined) return null;
  if (what === "changes") return "No file differs from what the run found.";
  return digest === null ? "Nothing is there." : `It is no text; its digest is ${digest}.`;
}

/** What a person does not demand, once, of the current visit of a run, by its name; and why. */
export const Waiver = z.object({ what: z.string(), reason: z.string() });
export type Waiver = z.infer<typeof Waiver>;

/** What a person decided of a run, and what became of their yes; and where a fork begins, in which none of that counts. */
export const Ruling = z.discriminatedUnion("kind", [
  /** A yes, and what it is bound to. */
  z.object({ kind: z.literal("approved"), approval_id: z.string(), hash: z.string(), shown: z.array(Digest) }),
  z.object({ kind: z.literal("denied"), approval_id: z.string(), comment: z.string(), shown: z.array(Digest) }),
  /** The yes was spent: the step is handed out by it. */
  z.object({ kind: z.literal("opened"), approval_id: z.string() }),
  /** The approval is over without a yes that counts: why it is asked anew. */
  z.object({ kind: z.literal("void"), approval_id: z.string(), why: z.string() }),
  /** What is not demanded once of the visit. */
  Waiver.extend({ kind: z.literal("waived") }),
  /** The run begins here: what stands above is copied from that one, up to that visit. */
  z.object({ kind: z.literal("forked"), instance_id: z.string(), visit: z.int() }),
]);
export type Ruling = z.infer<typeof Ruling>;

/** The run whose files are looked at. */
export interface ShownRun {
  instance_id: string;
  /** Absolute. */
  project: string;
}

/** What of a project a person is shown. Runs nothing that the project brings. Never rejects: a fault is told in the exhibit. */
export interface Exhibits {
  /**
   * Notes how the project's files stand, once for a run: `changes` compares with it. Nothing is noted where there is no git. A
   * fork takes over what is noted for the run that it came from, so that what that one changed is shown too.
   */
  begin(run: ShownRun, forkedFrom?: string): Promise<void>;
  /** A regular file inside the project, by its path in it. */
  file(run: ShownRun, path: string): Promise<Exhibit>;
  /** The work tree, untracked files included and ignored ones left out, against what the run found. */
  changes(run: ShownRun): Promise<Exhibit>;
  /** The files that differ between two digests of `changes`; null if that is not known any more. */
  between(run: ShownRun, before: string, now: string): Promise<string[] | null>;
}
