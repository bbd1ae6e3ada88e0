/** Whose permission lets a check be looked at. */
import { expect, test } from "bun:test";
import type { Check } from "../../src/check.ts";
import { createTestChecker, run } from "../support/checking.ts";

const RUN = run(["true"]);
const FILE: Check = { kind: "file", path: "a" };
const CHANGED: Check = { kind: "changed", glob: "**" };
const NAMED: Check = { kind: "command", name: "test", timeout: 9 };
const UNKNOWN: Check = { kind: "command", name: "lint", timeout: 9 };

const commands = new Map([["test", { text: "true", words: ["true"] }]]);
const FOUND = /only found in the project; name the directory \(--workflows\)/;
const NO_CHECKS = /^the server was started without --allow-checks$/;
const NO_COMMAND = /^the server was started without --command lint=…$/;
const POSIX = /POSIX systems only/;

const CASES: [string, Check, { trusted?: boolean; allowed?: boolean; platform?: NodeJS.Platform }, RegExp | null][] = [
  ["a definition that was merely found runs nothing", RUN, { trusted: false }, FOUND],
  ["nor a named command", NAMED, { trusted: false }, FOUND],
  ["nor does it look at files", FILE, { trusted: false, allowed: false }, FOUND],
  ["a command that nobody named", UNKNOWN, {}, NO_COMMAND],
  ["nor is it when nothing is allowed", UNKNOWN, { allowed: false }, NO_COMMAND],
  ["a command that was named allows itself", NAMED, { allowed: false }, null],
  ["a program of the definition does not", RUN, { allowed: false }, NO_CHECKS],
  ["nor a file", FILE, { allowed: false }, NO_CHECKS],
  ["nor a change", CHANGED, { allowed: false }, NO_CHECKS],
  ["allowed, a program may run", RUN, {}, null],
  ["and files be looked at", FILE, {}, null],
  ["and changes", CHANGED, {}, null],
  ["no program runs on Windows", RUN, { platform: "win32" }, POSIX],
  ["nor a command", NAMED, { platform: "win32", allowed: false }, POSIX],
  ["files are looked at on Windows", FILE, { platform: "win32" }, null],
];

test.each(CASES)("%s", (_, check, { trusted = true, allowed = true, platform = "linux" }, told) => {
  const refusal = createTestChecker({ allowed, commands, platform }).refusal(check, trusted);
  if (told === null) expect(refusal).toBeNull();
  else expect(refusal).toMatch(told);
  expect(refusal ?? "").not.toContain("\n");
});
