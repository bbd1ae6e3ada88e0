/** `orchestrator init` in a home and a project of its own. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runBare } from "./stdio.ts";
import { scratchDir, writeFiles } from "./workspace.ts";

export interface Place {
  home: string;
  project: string;
}

export function place(files: Record<string, string> = {}): Place {
  const root = scratchDir();
  const at = { home: join(root, "home"), project: join(root, "project") };
  for (const directory of Object.values(at)) mkdirSync(directory);
  writeFiles(root, files);
  return at;
}

/** Nothing of this machine's own programs and settings is seen. */
export const envOf = ({ home }: Place) => ({
  HOME: home,
  PATH: join(home, "bin"),
  XDG_CONFIG_HOME: "",
  XDG_DATA_HOME: "",
});
export const init = (at: Place, ...args: string[]) =>
  runBare({ cwd: at.project, args: ["init", ...args], env: envOf(at) });
export const read = (...path: string[]) => readFileSync(join(...path), "utf8");

/** Every file below, with its bytes; links by where they lead. */
export function tree(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory());
  return Object.fromEntries(
    files.map((each) => {
      const path = join(each.parentPath, each.name);
      return [path.slice(root.length), each.isSymbolicLink() ? "link" : readFileSync(path, "base64")];
    }),
  );
}
