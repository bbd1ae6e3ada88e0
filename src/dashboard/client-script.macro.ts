/** Runs while the program is bundled (or, from source, transpiled): the script for the browser becomes a text in the code. */
import { join } from "node:path";

/** The script of `client/page.ts` with all that it imports. A bundler cannot be called within one, so that another process does. */
export function clientScript(): string {
  const entry = join(import.meta.dirname, "client/page.ts");
  const built = Bun.spawnSync([process.execPath, "build", entry, "--minify", "--target=browser", "--format=iife"]);
  if (!built.success) throw new Error(built.stderr.toString());
  return built.stdout.toString();
}
