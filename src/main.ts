/** The entry: argv in, exit code out. Signals end whatever runs; the only place that exits the process. */
import { runCli } from "./cli.ts";

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  const code = await runCli(process.argv.slice(2), { stop: stop.signal });
  await written(process.stdout);
  process.exit(code);
}

/** Resolves when a reader, however slow, has all that was printed, or is gone. */
function written(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stdout.writableEnded || stdout.destroyed) return resolve();
    stdout.once("error", () => resolve());
    stdout.end(() => resolve());
  });
}

void main();
