/** The entry: argv in, exit code out. Signals end whatever runs; the only place that exits the process. */
import { isatty } from "node:tty";

/** How long output may still drain after the process was told to end, in milliseconds. */
const LAST_WORDS_MS = 500;

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.stderr.on("error", () => {}); // whoever read it is gone: that ends nothing
  const code = await run(process.argv.slice(2), stop.signal);
  await written(process.stdout, stop.signal);
  process.exit(code);
}

/** Clients wait for a hook at each turn of a conversation: it loads nothing of the other commands. */
async function run([command, ...words]: string[], stop: AbortSignal): Promise<number> {
  if (command !== "hook" || words.includes("--help") || words.includes("-h") || isatty(0)) {
    const { runCli } = await import("./cli.ts");
    return runCli(process.argv.slice(2), { stop });
  }
  const { answerHook } = await import("./cli/hook-answer.ts");
  const line = await answerHook(words, Bun.stdin.stream());
  if (line) process.stdout.write(`${line}\n`);
  return 0;
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
