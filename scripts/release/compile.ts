/** The executables: what `bun run build` does, for another platform. */
import { splitCommand } from "../../src/command-words.ts";
import { executablePath, type Target } from "./targets.ts";

/** The words that compile for a target. `script` is the one that package.json calls `build`. Throws if it is another kind. */
export function compileWords(script: string, target: Target, directory: string): string[] {
  const split = splitCommand(script);
  const words = "words" in split ? split.words : [];
  const at = words.indexOf("--outfile");
  if (words[0] !== "bun" || words[1] !== "build" || at < 0) {
    throw new Error(`package.json's "build" is no "bun build … --outfile FILE": ${script}`);
  }
  const flags = words.slice(1, at).concat(words.slice(at + 2));
  return [...flags, `--target=${target.bun}`, "--outfile", `${directory}/${executablePath(target)}`];
}

/** Compiles one. Bun fetches the target's runtime from npm, and keeps it in its cache. */
export async function compile(words: string[], root: string): Promise<void> {
  const bun = Bun.spawn([process.execPath, ...words], { cwd: root, stdout: "pipe", stderr: "pipe" });
  const [output, code] = await Promise.all([new Response(bun.stderr).text(), bun.exited]);
  if (code !== 0) throw new Error(`bun ${words.join(" ")} ended with ${code}:\n${output}`);
}
