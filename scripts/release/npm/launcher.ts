/** The program of the npm package: starts the executable of this machine, and is nothing but its front. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { findExecutable } from "./find-executable.ts";

const require = createRequire(import.meta.url);

try {
  const launcher = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const { platform, arch } = process;
  start(findExecutable(launcher, { platform, arch, musl: isMusl() }, require.resolve));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Its input, output and end are the executable's own. */
function start(executable: string): void {
  const child = spawn(executable, process.argv.slice(2), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`${executable} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}

function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const report: unknown = process.report.getReport();
  const header: unknown = typeof report === "object" && report && "header" in report ? report.header : null;
  return typeof header === "object" && header !== null && !("glibcVersionRuntime" in header);
}
