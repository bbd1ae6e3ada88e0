/** The entry: argv in, exit code out. Signals end whatever runs; the only place that exits the process. */
import { runCli } from "./cli.ts";

/** How long output may still drain after the process was told to end, in milliseconds. */
const LAST_WORDS_MS = 500;

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.stderr.on("error", () => {}); // whoever read it is gone: that ends nothing
  const code = await runCli(process.argv.slice(2), { stop: stop.signal });
  await written(process.stdout, stop.signal);
  process.exit(code);
}

/** Resolves when a reader, however slow, has all that was printed, or is gone, or the process is told to end. */
function written(stdout: NodeJS.WriteStream, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stdout.writableEnded || stdout.destroyed) return resolve();
    stdout.once("error", () => resolve());
    stdout.end(() => resolve());
    if (stop.aborted) setTimeout(resolve, LAST_WORDS_MS);
    stop.addEventListener("abort", () => resolve(), { once: true });
  });
}

void main();
