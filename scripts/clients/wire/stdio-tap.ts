/**
 * Stands between a client and the server over stdio: `bun stdio-tap.ts FILE COMMAND...` hands every line on and writes
 * it down. It ends when the server does, and closes the server's input when the client closes its own.
 */
import { note, type Passed } from "./wire.ts";

const [file = "", ...command] = process.argv.slice(2);
const server = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => server.kill(signal));

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function pass(from: Passed["from"], stream: ReadableStream<Uint8Array>, on: (line: string) => void) {
  for await (const line of linesOf(stream)) {
    note(file, from, line);
    on(line);
  }
}

pass("client", Bun.stdin.stream(), (line) => {
  server.stdin.write(`${line}\n`);
  server.stdin.flush();
})
  .finally(() => server.stdin.end())
  .catch(() => {}); // the server is gone; its exit ends this process
await pass("server", server.stdout, (line) => process.stdout.write(`${line}\n`));
process.exit(await server.exited);
