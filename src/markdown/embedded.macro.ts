/** Runs while the program is bundled (or, from source, transpiled): the texts of `workflows/` become part of the code. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every Markdown file below `workflows/` by its path in there, sorted, wherever the build was started. */
export function readWorkflows(): Record<string, string> {
  const root = join(import.meta.dirname, "../../workflows");
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
  const entries = paths.map((path): [string, string] => [
    path.replaceAll("\\", "/"),
    readFileSync(join(root, path), "utf8"),
  ]);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}
