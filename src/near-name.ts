/** Finds the workflow, step or key that was probably meant by a name that does not exist. Pure. */
import { closest, distance } from "fastest-levenshtein";

/** A text of fewer letters is not tried as the beginning of a name. */
const MIN_PREFIX = 2;
/** Edits that a guess may be away, for each of its letters. */
const EDITS_PER_LETTER = 0.4;

/** The given name if it is known; else the only one with the same letters in another case; else the given one. */
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
 * The name to ask back with: the shortest that begins with the text, else one that is a few edits away, case aside.
 * Undefined if nothing is that near: a guess would lead astray.
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

/** The name in lower case, its words joined by single blanks. */
function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ");
}
