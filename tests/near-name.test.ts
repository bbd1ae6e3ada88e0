/** What is taken for a guessed name, and what is asked back. */
import { expect, test } from "bun:test";
import { asWritten, nearName } from "../src/near-name.ts";

const NAMES = ["AUDIT", "REFACTOR_WITH_TESTS", "RESUME", "SAVE", "SPRINT_TASK", "WORK"];

test.each([
  ["work", "WORK"],
  [" Work ", "WORK"],
  ["WROK", "WROK"],
  ["WOR", "WOR"],
])("%p is taken as %p", (text, name) => {
  expect(asWritten(text, NAMES)).toBe(name);
});

test("of two names of the same letters the very one is taken, and neither for a third way to write it", () => {
  expect(asWritten("Work", ["WORK", "Work"])).toBe("Work");
  expect(asWritten("work", ["WORK", "Work"])).toBe("work");
});

test.each([
  ["work", "WORK"],
  ["refactor", "REFACTOR_WITH_TESTS"],
  ["refactor with", "REFACTOR_WITH_TESTS"],
  ["sprint-task", "SPRINT_TASK"],
  ["re", "RESUME"],
  ["wrok", "WORK"],
  ["resum", "RESUME"],
  ["SPRNT_TASK", "SPRINT_TASK"],
  ["X", undefined],
  ["S", undefined],
  ["", undefined],
  ["deploy the new release", undefined],
  ["TODO", undefined],
])("for %p it asks back with %p", (text, name) => {
  expect(nearName(text, NAMES)).toBe(name);
});

test("without names nothing is near", () => {
  expect(nearName("work", [])).toBeUndefined();
});
