/** Who decides sits at a terminal: at both its ends, with a typed yes; nothing else lets a run go on. */
import { expect, test } from "bun:test";
import { openSync } from "node:fs";
import { advance, type Run, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { decide, sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const LOOP = ["`report.status == 'success'` → FINISH", "otherwise → Try"];
writeFiles(workflows, workflowFiles("LOOP", { Try: { extras: ["max_visits: 1"], routes: LOOP } }));

const ASKED = "Type yes: ";

/** A run that waits for a person, and the words that release it. */
async function waiting(): Promise<{ on: Connection; run: Run; release: string[] }> {
  const on = await connect({ workflows });
  const run = await startRun(on, "LOOP");
  expect((await advance(on, run, { status: "failure" })).data.status).toBe("SUSPENDED");
  return { on, run, release: ["release", run.id, "--db", on.db] };
}

async function expectWaiting({ on, run }: { on: Connection; run: Run }): Promise<void> {
  expect((await statusOf(on, run.id)).status).toBe("SUSPENDED");
}

test("a pipe, a file or nothing at either end is refused, and so is --json", async () => {
  const there = await waiting();
  const program = [EXECUTABLE, ...there.release];
  const shell = (words: string) => ["sh", "-c", words, "sh", ...program];
  for (const [what, command, why] of [
    ["yes piped into it", shell('echo yes | "$@"'), "standard input"],
    ["yes from a file", shell('echo yes > yes; "$@" < yes'), "standard input"],
    ["no input", shell('"$@" < /dev/null'), "standard input"],
    ["closed input", shell('"$@" <&-'), "standard input"],
    ["output to a file", shell('"$@" > out; code=$?; cat out; exit $code'), "standard output"],
    ["output into a pipe", shell('{ "$@"; echo "code $?" >&2; } | cat; exit 1'), "standard output"],
    ["json", [...program, "--json"], "--json is for reading"],
  ] as const) {
    const [executable = "", ...args] = command;
    const person = sitDown(args, { cwd: scratchDir(), executable });
    expect([what, await person.exited]).toEqual([what, 1]);
    expect(person.seen()).toContain(`INVALID_INPUT: Only a person at a terminal decides this, and ${why}`);
    expect(person.seen()).toContain("nothing changed.\nRun the command in a terminal");
    expect(person.seen()).not.toContain(ASKED);
  }
  await expectWaiting(there);
});

test("without any terminal it is refused, although one could be opened by its name", async () => {
  const there = await waiting();
  const input = openSync("/dev/null", "r");
  const child = Bun.spawn([EXECUTABLE, ...there.release], { stdin: input, stdout: "pipe", stderr: "pipe" });
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toContain("Only a person at a terminal");
  await expectWaiting(there);
});

test("only the word yes is a yes", async () => {
  const there = await waiting();
  for (const keys of ["", "y", "Yes", "YES", "yes!", " yes", "yes ", "no", "ja"]) {
    const told = await decide(there.release, [[ASKED, keys]]);
    expect([keys, told.code]).toEqual([keys, 1]);
    expect(told.seen).toEndWith("Nothing changed.\n");
  }
  await expectWaiting(there);
  const told = await decide(there.release, [[ASKED, "yes"]]);
  expect(told.code).toBe(0);
  expect(told.seen).toContain(`${there.run.id} (LOOP) at Try, visit 2, waits since `);
});

test("Ctrl-C, the end of input and a signal change nothing", async () => {
  const there = await waiting();
  for (const keys of ["\u0003", "\u0004", "ye\u0003"]) {
    const person = sitDown(there.release);
    await person.sees(ASKED);
    person.types(keys);
    expect(await person.exited).toBe(1);
    expect(person.seen()).toEndWith("Nothing changed.\n");
  }
  const person = sitDown(there.release);
  await person.sees(ASKED);
  process.kill(person.pid, "SIGTERM");
  expect(await person.exited).toBe(1);
  await expectWaiting(there);
});

test("a terminal that closes in the middle changes nothing, and ends the program", async () => {
  const there = await waiting();
  const person = sitDown(there.release);
  await person.sees(ASKED);
  person.types("yes");
  person.leaves();
  expect(await person.exited).toBe(1);
  await expectWaiting(there);
});

test("what changed since it was shown is not released", async () => {
  const there = await waiting();
  const person = sitDown(there.release);
  await person.sees(ASKED);
  expect((await decide(there.release, [[ASKED, "yes"]])).code).toBe(0);
  person.types("yes\r");
  expect(await person.exited).toBe(1);
  expect(person.seen()).toContain("CONFLICT");
});
