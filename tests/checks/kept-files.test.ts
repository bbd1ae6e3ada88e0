/** Files that are kept of a run: one for each check of a visit, never half of one, never in a place of somebody else's. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createKeptFiles, type KeptFiles } from "../../src/checks/kept-files.ts";
import { createTestChecker, looking, run } from "../support/checking.ts";
import { waitFor } from "../support/stdio.ts";
import { scratchDir } from "../support/workspace.ts";

const OF = { instance_id: "run_a", visit: 4 };
let attempts = 0;

async function keep(files: KeptFiles, check: string, text: string) {
  const file = files.output(OF, { check, attempt: `${++attempts}` });
  file.add(Buffer.from(text));
  return file.end(Buffer.from(text));
}

test("each check of a visit has a file of its own, and a later attempt takes its place", async () => {
  const directory = join(scratchDir(), "kept");
  const files = createKeptFiles(() => directory);
  const checks = ["test", "Test", "te st", "te-st", "../../up", "", "x".repeat(300), `${"x".repeat(300)}y`];
  const paths = new Set<string | undefined>();
  for (const check of checks) paths.add((await keep(files, check, `of ${check}`)).output_file);
  expect(paths.size).toBe(checks.length);
  expect(readdirSync(join(directory, "run_a"))).toHaveLength(checks.length);
  const { output_file = "" } = await keep(files, "test", "later");
  expect(output_file).toBe(join(directory, "run_a/4-test.log"));
  expect(readFileSync(output_file, "utf8")).toBe("later");
  expect(readdirSync(join(directory, "run_a"))).toHaveLength(checks.length);
});

test("what prints nothing, and what is stopped, leaves no file", async () => {
  const directory = join(scratchDir(), "kept");
  const checker = createTestChecker({ files: createKeptFiles(() => directory) });
  const project = scratchDir();
  expect(await checker.look(run(["true"]), looking(project))).not.toHaveProperty("output_file");
  const stop = new AbortController();
  const looked = checker.look(run(["sh", "-c", "echo begun; sleep 30"]), looking(project, { signal: stop.signal }));
  while (
    !(await Bun.file(join(directory, "run_of_a_test"))
      .stat()
      .catch(() => null))
  )
    await Bun.sleep(5);
  stop.abort();
  expect(await looked).toMatchObject({ reason: "stopped" });
  expect(readdirSync(join(directory, "run_of_a_test"))).toEqual([]);
});

test("a link in the place of a directory is not followed, and one that was open to others is closed", async () => {
  const [elsewhere, home] = [scratchDir(), scratchDir()];
  symlinkSync(elsewhere, join(home, "link"));
  const { output_file, output_fault } = await keep(
    createKeptFiles(() => join(home, "link")),
    "test",
    "secret",
  );
  expect({ output_file, output_fault }).toEqual({
    output_file: undefined,
    output_fault: `${join(home, "link")} is no directory`,
  });
  expect(readdirSync(elsewhere)).toEqual([]);
  mkdirSync(join(home, "open"));
  chmodSync(join(home, "open"), 0o755);
  await keep(
    createKeptFiles(() => join(home, "open")),
    "test",
    "secret",
  );
  expect(statSync(join(home, "open")).mode & 0o777).toBe(0o700);
});

test("links in the directory lead neither what is written nor what is removed out of it", async () => {
  const [directory, elsewhere] = [scratchDir(), scratchDir()];
  const files = createKeptFiles(() => directory);
  const theirs = join(elsewhere, "1-test.log");
  symlinkSync(elsewhere, join(directory, "run_linked"));
  mkdirSync(join(directory, "run_b"));
  const mine = join(directory, "run_b", "1-test.log");
  for (const path of [theirs, mine]) {
    writeFileSync(path, "");
    truncateSync(path, 1_200_000_000); // takes no room on the disk
    utimesSync(path, 1, 1);
  }
  mkdirSync(join(directory, "run_a"));
  symlinkSync(theirs, join(directory, "run_a", "4-test.log"));
  const key = "docs";
  symlinkSync(theirs, join(directory, "run_a", "4-docs.state"));
  await files.note(OF, key, Buffer.from("noted"));
  expect((await keep(files, "test", "printed")).output_file).toBe(join(directory, "run_a", "4-test.log"));
  await waitFor(() => !existsSync(mine), "the oldest file to be removed");
  expect(String(await files.readNote(OF, key))).toBe("noted");
  await files.removeRuns(async () => true);
  expect(readdirSync(directory)).toEqual(["run_linked"]);
  expect(statSync(theirs).size).toBe(1_200_000_000);
  mkdirSync(join(elsewhere, "run_c"));
  symlinkSync(elsewhere, join(directory, "link"));
  await createKeptFiles(() => join(directory, "link")).removeRuns(async () => true);
  expect(existsSync(join(elsewhere, "run_c"))).toBe(true);
});

test("a note takes the place of those of earlier visits", async () => {
  const directory = join(scratchDir(), "kept");
  const files = createKeptFiles(() => directory);
  for (const visit of [4, 9, 10]) await files.note({ ...OF, visit }, "**", Buffer.from(`${visit}`));
  await files.note({ ...OF, visit: 10 }, "docs", Buffer.from("docs"));
  expect(await files.readNote({ ...OF, visit: 9 }, "**")).toBeNull();
  expect(String(await files.readNote({ ...OF, visit: 10 }, "**"))).toBe("10");
  expect(readdirSync(join(directory, "run_a"))).toHaveLength(2);
});

test("how files stood at the last ten proofs of a run is kept, for this user alone, and gone with the run", async () => {
  const directory = join(scratchDir(), "kept");
  const files = createKeptFiles(() => directory);
  const home = join(directory, "run_a");
  for (let n = 1; n <= 10; n++) {
    await files.keepState("run_a", `d${n}`, () => Buffer.from(`${n}`));
    utimesSync(join(home, `d${n}.files`), n, n);
  }
  await files.keepState("run_a", "d1", () => Buffer.from("1"));
  await files.keepState("run_a", "huge", () => Buffer.alloc(10_000_001));
  await files.keepState("run_a", "d11", () => Buffer.from("11"));
  expect(await files.readState("run_a", "d2")).toBeNull();
  expect(await files.readState("run_a", "huge")).toBeNull();
  expect(String(await files.readState("run_a", "d1"))).toBe("1");
  expect(String(await files.readState("run_a", "d11"))).toBe("11");
  expect(readdirSync(home)).toHaveLength(10);
  expect(statSync(join(home, "d11.files")).mode & 0o777).toBe(0o600);
  await files.removeRuns(async () => true);
  expect(existsSync(home)).toBe(false);
});

test("how files stood is not written through a link, and a directory that cannot be written fails nothing", async () => {
  const directory = join(scratchDir(), "kept");
  const elsewhere = scratchDir();
  mkdirSync(directory);
  symlinkSync(elsewhere, join(directory, "run_a"));
  const files = createKeptFiles(() => directory);
  await files.keepState("run_a", "d", () => Buffer.from("x"));
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(await files.readState("run_a", "d")).toBeNull();
});
