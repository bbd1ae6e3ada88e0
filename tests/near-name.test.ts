/** What is taken for a guessed name, and what is asked back. */
import { expect, test } from "bun:test";
import { nearName, sameLetters } from "../src/near-name.ts";

const NAMES = ["REFACTOR_WITH_TESTS", "RESUME", "SAVE", "SPRINT_TASK", "WORK"];

test.each([
  ["work", "WORK"],
  [" Work ", "WORK"],
  ["WROK", undefined],
  ["WOR", undefined],
])("of %p the same letters in another case are %p", (text, name) => {
  expect(sameLetters(text, NAMES)).toBe(name);
});

test("of two names of the same letters neither is taken", () => {
  expect(sameLetters("work", ["Work", "WORK"])).toBeUndefined();
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
