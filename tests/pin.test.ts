/** The PIN: set and removed at a terminal, asked for by what decides, and guessed in vain however many guess at once. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { personAt } from "../src/cli/person.ts";
import { type Guess, pausedUntil } from "../src/pin.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { createSqlitePinKeeper } from "../src/sqlite/pin-keeper.ts";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess } from "./support/in-process.ts";
import { waitFor } from "./support/stdio.ts";
import { decide, sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const PIN = "493817";
const NEW = "New PIN, at least six characters: ";
const AGAIN = "The same PIN again: ";
const OLD = "The PIN as it is now: ";

const workflows = scratchDir();
const LOOP = ["`report.status == 'success'` → FINISH", "otherwise → Try"];
writeFiles(workflows, workflowFiles("LOOP", { Try: { extras: ["max_visits: 1"], routes: LOOP } }));

const freshFile = () => join(scratchDir(), "state.sqlite");

async function setPin(db: string, pin = PIN): Promise<void> {
  const told = await decide(
    ["pin", "set", "--db", db],
    [
      [NEW, pin],
      [AGAIN, pin],
    ],
  );
  expect(told).toMatchObject({ code: 0, seen: expect.stringContaining("The PIN is set") });
}

/** A clock that stands still until it is told. */
function clock(start = "2026-11-27T08:00:00.000Z") {
  let now = Date.parse(start);
  return {
    now: () => new Date(now),
    pass: (seconds: number) => {
      now += seconds * 1_000;
    },
  };
}

const keeperOf = (db: string, now: () => Date) => createSqlitePinKeeper(db, createBusyWait(), now);

async function guesses(keeper: ReturnType<typeof keeperOf>, count: number): Promise<Guess[]> {
  const made: Guess[] = [];
  for (let each = 0; each < count; each++) made.push(await keeper.check("wrong one"));
  return made;
}

test("set: asked twice without echo, kept as an argon2id hash; release asks for it, and a right one resets the count", async () => {
  const on = await connectInProcess({ workflows: [workflows] });
  const run = await startRun(on, "LOOP");
  await advance(on, run, { status: "failure" });
  const person = sitDown(["pin", "set", "--db", on.db]);
  for (const question of [NEW, AGAIN]) {
    await person.sees(question);
    person.types(`${PIN}\r`);
  }
  expect(await person.exited).toBe(0);
  const file = new Database(on.db);
  const kept = file.query<{ hash: string; wrong: number }, []>("SELECT hash, wrong FROM pin");
  expect(kept.get()?.hash).toStartWith("$argon2id$");
  const release = sitDown(["release", run.id, "--db", on.db]);
  await release.sees("Type yes: ");
  release.types("yes\r");
  await release.sees("\nPIN: ");
  release.types("493818\r");
  await release.sees("That is not the PIN. 4 more wrong ones, and none is taken for a while.\nPIN: ");
  expect(kept.get()?.wrong).toBe(1);
  release.types(`${PIN}\r`);
  expect(await release.exited).toBe(0);
  expect(kept.get()?.wrong).toBe(0);
  expect((await statusOf(on, run.id)).status).toBe("RUNNING");
  for (const each of [person, release]) expect(each.raw()).not.toContain("4938");
  file.close();
});

test("it is asked for once the terminal echoes nothing, so that who types fast shows nothing", async () => {
  const events: string[] = [];
  const raw = (on: boolean) => void events.push(on ? "no echo" : "echo");
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: raw }) as unknown as NodeJS.ReadStream; // of which no more is used
  const output = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.WriteStream;
  output.on("data", (bytes) => void events.push(String(bytes)));
  const ends = { ends: () => ({ input, output }), complain() {}, stop: new AbortController().signal };
  const person = personAt({ values: {}, positionals: [] }, { ...ends, print() {}, printRaw() {} });
  const said = person.secret("PIN: ");
  await waitFor(() => events.includes("PIN: "), "the prompt");
  expect(events.slice(0, 2)).toEqual(["no echo", "PIN: "]);
  input.push("123456\r");
  expect(await said).toBe("123456");
});

test("five wrong ones in as many processes pause for all, the right one too, and the next may be tried then", async () => {
  const on = await connectInProcess({ workflows: [workflows] });
  const run = await startRun(on, "LOOP");
  await advance(on, run, { status: "failure" });
  await setPin(on.db);
  const release = ["release", run.id, "--db", on.db];
  for (let each = 1; each <= 5; each++) {
    const person = sitDown(release);
    await person.sees("Type yes: ");
    person.types("yes\r");
    await person.sees("PIN: ");
    person.types(`00000${each}\r`);
    await person.sees(each < 5 ? "That is not the PIN" : "Too many wrong PINs; nothing changed.\nTry again at ");
    if (each < 5) person.types("\u0003");
    expect(await person.exited).toBe(1);
  }
  const told = await decide(release, [["Type yes: ", "yes"]]);
  expect(told.code).toBe(1);
  expect(told.seen).toMatch(/Too many wrong PINs; nothing changed\.\nTry again at \d\d:\d\d:\d\d, in \d\d s\.\n$/);
  expect(told.seen).not.toContain("Type yes: ");
  expect((await decide(["pin", "remove", "--db", on.db], [[OLD, PIN]])).seen).toContain("Too many wrong PINs");
  expect((await statusOf(on, run.id)).status).toBe("SUSPENDED");
  const file = new Database(on.db);
  file.run("UPDATE pin SET guessed_at = strftime('%Y-%m-%dT%H:%M:%fZ', guessed_at, '-61 seconds')");
  file.close();
  const answers: [string, string][] = [
    ["Type yes: ", "yes"],
    ["PIN: ", PIN],
  ];
  expect((await decide(release, answers)).code).toBe(0);
});

test("of thirty guesses at once five are looked at", async () => {
  const db = freshFile();
  const { now } = clock();
  await keeperOf(db, now).change(null, PIN);
  const told = await Promise.all(Array.from({ length: 30 }, (_, each) => keeperOf(db, now).check(`wrong ${each}`)));
  expect(told.filter(({ kind }) => kind === "wrong")).toHaveLength(4);
  const file = new Database(db);
  expect(file.query("SELECT wrong FROM pin").get()).toEqual({ wrong: 5 });
  file.close();
});

test("a guess is counted before it is compared: whoever is killed in between has guessed", async () => {
  const db = freshFile();
  const keeper = keeperOf(db, clock().now);
  await keeper.change(null, PIN);
  const file = new Database(db);
  const counted = file.query<{ wrong: number }, []>("SELECT wrong FROM pin");
  const compared = keeper.check(PIN);
  while (counted.get()?.wrong === 0) await new Promise(setImmediate);
  expect(await compared).toEqual({ kind: "right" });
  expect(counted.get()?.wrong).toBe(0);
  file.close();
});

test("pauses of one, two, four minutes; what is guessed meanwhile neither counts nor is looked at", async () => {
  const { now, pass } = clock();
  const keeper = keeperOf(freshFile(), now);
  await keeper.change(null, PIN);
  for (const minutes of [1, 2, 4]) {
    const until = new Date(now().getTime() + minutes * 60_000).toISOString();
    const told = await guesses(keeper, 5);
    expect(told.map((guess) => (guess.kind === "wrong" ? guess.left : guess))).toEqual([
      4,
      3,
      2,
      1,
      { kind: "paused", until },
    ]);
    expect(await keeper.check(PIN)).toEqual({ kind: "paused", until });
    expect(await keeper.state()).toEqual({ set: true, until });
    pass(minutes * 60 - 1);
    expect(await keeper.check(PIN)).toEqual({ kind: "paused", until });
    pass(1);
    expect(await keeper.state()).toEqual({ set: true, until: null });
  }
  expect(await keeper.check(PIN)).toEqual({ kind: "right" });
  expect((await guesses(keeper, 1))[0]).toEqual({ kind: "wrong", left: 4 });
});

test("a pause is a day at most", () => {
  const now = new Date("2026-11-27T08:00:00.000Z");
  const guessed_at = now.toISOString();
  expect(pausedUntil({ wrong: 55, guessed_at }, now)).toBe("2026-11-28T01:04:00.000Z");
  for (const wrong of [60, 5_000_000]) expect(pausedUntil({ wrong, guessed_at }, now)).toBe("2026-11-28T08:00:00.000Z");
});

test("a clock that is set back begins the pause anew, and makes it no longer", async () => {
  const { now, pass } = clock();
  const keeper = keeperOf(freshFile(), now);
  await keeper.change(null, PIN);
  await guesses(keeper, 5);
  pass(-86_400);
  expect(await keeper.state()).toEqual({ set: true, until: "2026-11-26T08:01:00.000Z" });
  pass(60);
  expect(await keeper.check(PIN)).toEqual({ kind: "right" });
});

test("another PIN, and none, need the old one; what is no PIN or is typed differently changes nothing", async () => {
  const db = freshFile();
  const set = ["pin", "set", "--db", db];
  const remove = ["pin", "remove", "--db", db];
  expect(await decide(remove, [])).toMatchObject({ code: 0, seen: "There is no PIN.\n" });
  for (const [answers, why] of [
    [[[NEW, "12345"]], "A PIN has 6 to 200 characters. Nothing changed."],
    [[[NEW, "x".repeat(201)]], "A PIN has 6 to 200 characters. Nothing changed."],
    [[[NEW, PIN], [AGAIN, "493871"]], "The two differ. Nothing changed."], // biome-ignore format: a row is a line
    [[[NEW, "\u0003"]], "Nothing changed."],
  ] as [[string, string][], string][]) {
    expect(await decide(set, answers)).toMatchObject({ code: 1, seen: expect.stringContaining(why) });
  }
  expect((await decide(remove, [])).seen).toBe("There is no PIN.\n");
  await setPin(db);
  expect((await decide([...set, "--json"], [])).code).toBe(1);
  const wrong = sitDown(set);
  await wrong.sees(OLD);
  wrong.types("000000\r");
  await wrong.sees(OLD);
  wrong.types("\u0003");
  expect(await wrong.exited).toBe(1);
  const other: [string, string][] = [[OLD, PIN], [NEW, "Grüße an Ada"], [AGAIN, "Gru\u0308ße an Ada"]]; // biome-ignore format: a row is a line
  expect((await decide(set, other)).code).toBe(1);
  const composed: [string, string][] = [[OLD, PIN], [NEW, "Grüße an Ada"], [AGAIN, "Grüße an Ada"]]; // biome-ignore format: a row is a line
  expect((await decide(set, composed)).code).toBe(0);
  expect((await decide(remove, [[OLD, "Gru\u0308ße an Ada"]])).seen).toContain("The PIN is removed");
});

test("of two who change it at once one is refused", async () => {
  const { now } = clock();
  const db = freshFile();
  const [one, two] = [keeperOf(db, now), keeperOf(db, now)];
  const told = await Promise.allSettled([one.change(null, "one one"), two.change(null, "two two")]);
  expect(told.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(told.find((each) => each.status === "rejected")?.reason).toMatchObject({ code: "CONFLICT" });
});

test("doctor says whether there is one, and a copy of the database has it too", async () => {
  const db = freshFile();
  await setPin(db);
  const copy = join(scratchDir(), "copy.sqlite");
  expect(Bun.spawnSync([EXECUTABLE, "backup", copy, "--db", db]).exitCode).toBe(0);
  for (const file of [db, copy]) {
    const { stdout } = Bun.spawnSync([EXECUTABLE, "doctor", "--db", file, "--workflows", workflows], {
      cwd: scratchDir(),
    });
    expect(String(stdout)).toContain("✓ person: a PIN is set");
  }
});

test("pin without a word that it knows, or with the PIN in its words, is wrong usage", () => {
  for (const words of [[], ["get"], ["set", PIN]]) {
    expect(Bun.spawnSync([EXECUTABLE, "pin", ...words, "--db", freshFile()]).exitCode).toBe(2);
  }
});
