/**
 * Filters: programs that git runs to read or write a file's content, as settings name them. Git runs one to compare a file
 * whose times say too little.
 */
import { type GitRun, runGit } from "./run-git.ts";

export interface Filters {
  /** Whether any is set. */
  any: boolean;
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
  return { any: filters.size > 0, settings };
}

/** Those of the paths (one byte a character) whose attributes name a filter. */
export async function filteredAmong(paths: string[], run: GitRun): Promise<string[]> {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
  const printed = await runGit(["check-attr", "-z", "--stdin", "filter"], { ...run, input });
  const fields = printed.toString("latin1").split("\0"); // path, attribute, value, and again
  return paths.filter((_path, index) => fields[index * 3 + 2] !== "unspecified" && fields[index * 3 + 2] !== "unset");
}
