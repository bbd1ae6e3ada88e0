/** The compiled executable, built again when a source is newer: tests drive what users hold. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const SOURCES = ["src", "workflows", "package.json", "bun.lock"];

export const EXECUTABLE = join(ROOT, "dist/orchestrator");

buildIfOlder();

function buildIfOlder(): void {
  const built = statSync(EXECUTABLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...SOURCES.map(newestIn)) < built) return;
  const result = Bun.spawnSync([process.execPath, "run", "build"], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  if (!result.success) throw new Error(`The build failed:\n${result.stderr}`);
}

function newestIn(path: string): number {
  const full = join(ROOT, path);
  const files = statSync(full).isDirectory()
    ? readdirSync(full, { recursive: true, encoding: "utf8" }).map((name) => join(full, name))
    : [full];
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}
