/** The name that was probably meant where one was guessed: of a workflow, of a step, of a key. Pure. */
import { closest, distance } from "fastest-levenshtein";

/** Fewer letters are no word to begin a longer one with. */
const MIN_PREFIX = 2;
/** Edits that a guess may be away, for each of its letters. */
const EDITS_PER_LETTER = 0.4;

/** The name that was given; where there is none like it, the one of the same letters in another case, if there is one. */
export function asWritten(text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  const [found, ...others] = names.filter((name) => isSameName(name, text));
  return found !== undefined && others.length === 0 ? found : text;
}

/** Whether two names have the same letters, case aside. */
export function isSameName(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}

/**
 * The name to ask back with: one of the same letters, else the shortest that begins with the text, else one that is a
 * few edits away. Undefined where nothing is that near: a guess would lead astray.
 */
export function nearName(text: string, names: readonly string[]): string | undefined {
  const wanted = plain(text);
  const known = names.map((name) => ({ name, plain: plain(name) }));
  const begun = known.filter((each) => wanted.length >= MIN_PREFIX && each.plain.startsWith(wanted));
  const [shortest] = begun.sort((left, right) => left.plain.length - right.plain.length);
  if (shortest) return shortest.name;
  if (known.length === 0) return undefined;
  const found = closest(
    wanted,
    known.map((each) => each.plain),
  );
  const limit = wanted.length <= MIN_PREFIX ? 0 : Math.ceil(wanted.length * EDITS_PER_LETTER);
  return distance(wanted, found) <= limit ? known.find((each) => each.plain === found)?.name : undefined;
}

/** `Did you mean "WORK"? `, or nothing. */
export function didYouMean(text: string, names: readonly string[]): string {
  const near = nearName(text, names);
  return near === undefined ? "" : `Did you mean "${near}"? `;
}

/** Case aside, and whichever sign stands between the words. */
function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ");
}
