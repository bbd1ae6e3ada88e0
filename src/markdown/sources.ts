/** Problems in the order of their files, each with the line that it is about, for people. */
import type { Problem } from "../workflow.ts";
import type { Files } from "./files.ts";
import type { Place } from "./parse-result.ts";
import { type Origin, TOO_MANY_PROBLEMS } from "./problems.ts";

/** Longest line of a file that is kept with a problem. */
const MAX_SOURCE = 200;

/** Each with the line that it is about, if there is one. */
export function withSource<P extends Origin>(problems: readonly P[], files: Files): (P & Place)[] {
  const lines = new Map<string, string[]>();
  return problems.map((problem) => {
    const { file, line } = problem;
    const read = lines.has(file) ? undefined : files.read(file);
    if (read) lines.set(file, read.ok ? read.text.split("\n") : []);
    const source = lines.get(file)?.[line - 1]?.trim().slice(0, MAX_SOURCE);
    return source ? { ...problem, source } : problem;
  });
}

/** File by file as they were met, then by line. */
export function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = new Map(files.map((file, at) => [file, at]));
  const rankOf = ({ code, file }: Problem) => (code === TOO_MANY_PROBLEMS ? files.length : (rank.get(file) ?? 0));
  return [...problems].sort((left, right) => rankOf(left) - rankOf(right) || left.line - right.line);
}
