/** Files as checks, in a real directory. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createTestChecker, looking } from "../support/checking.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";

const project = scratchDir();
const outside = scratchDir();
writeFiles(outside, { "secret.txt": "x" });
writeFiles(project, { "full.txt": "x", empty: "", "dir/inside.txt": "x", "ä b\nc.txt": "x", locked: "x" });
mkdirSync(join(project, "dir/sub"));
chmodSync(join(project, "locked"), 0);
symlinkSync("dir/inside.txt", join(project, "to-inside"));
symlinkSync(join(outside, "secret.txt"), join(project, "to-outside"));
symlinkSync(outside, join(project, "dir-outside"));
symlinkSync("nowhere", join(project, "dangling"));
symlinkSync("loop", join(project, "loop"));
symlinkSync("/dev/zero", join(project, "device"));
Bun.spawnSync(["mkfifo", join(project, "pipe")]);

const CASES: [path: string, fault: string | null][] = [
  ["full.txt", null],
  ["./dir/../full.txt", null],
  ["dir/inside.txt", null],
  ["ä b\nc.txt", null],
  ["to-inside", null],
  ["empty", "is empty"],
  ["missing", "is missing in PROJECT"],
  ["full.txt/below", "is missing in PROJECT"],
  ["dangling", "is missing in PROJECT"],
  ["dir", "is a directory"],
  ["", "is a directory"],
  ["pipe", "is no regular file"],
  ["loop", "is a loop of symbolic links"],
  ["to-outside", "leads out of the project by a symbolic link"],
  ["dir-outside/secret.txt", "leads out of the project by a symbolic link"],
  ["device", "leads out of the project by a symbolic link"],
  [`../${outside.split("/").pop()}/secret.txt`, "leads out of the project"],
  [join(outside, "secret.txt"), "leads out of the project"],
  ["a\0b", "is not readable"],
  ...(process.getuid?.() === 0 ? [] : [["locked", "is not readable"] satisfies [string, string]]),
];

test.each(CASES)("file %j: %p", async (path, fault) => {
  const result = await createTestChecker().look({ kind: "file", path }, looking(project));
  const told =
    fault === null
      ? { outcome: "passed" }
      : { outcome: "failed", reason: `${path} ${fault.replace("PROJECT", project)}` };
  expect(result).toEqual({ check: `file ${path}`, ...told } as typeof result);
});

test("a project that is itself behind a symbolic link is the project", async () => {
  const link = join(scratchDir(), "link");
  symlinkSync(project, link);
  for (const path of ["full.txt", "to-inside"]) {
    const { outcome } = await createTestChecker().look({ kind: "file", path }, looking(link));
    expect(outcome).toBe("passed");
  }
});

test("a project that is gone holds no file", async () => {
  const { reason } = await createTestChecker().look({ kind: "file", path: "a" }, looking(join(project, "gone")));
  expect(reason).toBe(`a is missing in ${join(project, "gone")}`);
});
