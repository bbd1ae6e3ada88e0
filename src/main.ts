/** The entry: argv in, exit code out. Signals end whatever runs; the only place that exits the process. */
import { runCli } from "./cli.ts";

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.exit(await runCli(process.argv.slice(2), { stop: stop.signal }));
}

void main();
