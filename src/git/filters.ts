/**
 * Filters: programs that git runs to read or write a file's content, as settings name them. Git runs one to compare a file
 * whose times say too little.
 */
import { type GitRun, runGit } from "./run-git.ts";

export interface Filters {
  /** As attributes name them. */
  names: string[];
  /** Arguments that switch all of them off. */
  settings: string[];
}

export async function filtersOf(run: GitRun): Promise<Filters> {
  const names = (await runGit(["config", "--list", "--name-only", "-z"], run)).toString("utf8").split("\0");
  const filters = new Set(names.flatMap((name) => /^(filter\..*)\.[^.]+$/s.exec(name)?.[1] ?? []));
  const settings = [...filters].flatMap((filter) => {
    if (/[=\uFFFD]/.test(filter)) throw new Error("a filter whose name cannot be given");
    return ["clean=", "smudge=", "process=", "required=false"].flatMap((set) => ["-c", `${filter}.${set}`]);
  });
  return { names: [...filters].map((filter) => filter.slice("filter.".length)), settings };
}

/** Files of the index to which one of these filters applies. */
export async function trackedWith(names: string[], glob: string, run: GitRun): Promise<string[]> {
  if (names.length === 0) return [];
  const pathspec = names.map((name) => `:(glob,attr:filter=${name})${glob}`);
  return (await runGit(["ls-files", "-z", "--", ...pathspec], run)).toString("latin1").split("\0").filter(Boolean);
}

/** Those of the paths (one byte a character) to which one of these filters applies. */
export async function filteredAmong(paths: string[], names: string[], run: GitRun): Promise<string[]> {
  if (names.length === 0 || paths.length === 0) return [];
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
  const printed = await runGit(["check-attr", "-z", "--stdin", "filter"], { ...run, input });
  const fields = printed.toString("latin1").split("\0"); // path, attribute, value, and again
  return paths.filter((_path, index) => names.includes(fields[index * 3 + 2] ?? ""));
}
