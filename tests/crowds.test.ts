/** Eight processes on one database file; the long form is `bun scripts/torture.ts crowd`. */
import { expect, test } from "bun:test";
import { servesHttp } from "../scripts/client/server.ts";
import { crowd } from "../scripts/torture/crowd.ts";
import { treeCrowd } from "../scripts/torture/tree-crowd.ts";
import { EXECUTABLE } from "./support/executable.ts";

test("eight processes on one file, at runs of their own and all at one run: nothing lost, doubled or locked", async () => {
  const load = { processes: 8, own: 1_200, shared: 300 };
  const verdict = await crowd({ executable: EXECUTABLE, transport: "stdio", ...load });
  expect(verdict.complaints).toEqual([]);
  expect(verdict.advances).toBe(load.own + load.shared);
  expect(verdict.conflicts + verdict.replays).toBeGreaterThan(0);
});

test("three processes and ten callers on one tree of branches, killed now and then: each branch is ended once, and joined once", async () => {
  const load = { processes: 3, callers: 10, branches: 30, parallel: 5, deathEach: 150, seed: 20261127 };
  const verdict = await treeCrowd({ executable: EXECUTABLE, transport: "stdio", ...load });
  expect(verdict.complaints).toEqual([]);
  expect(verdict.deaths).toBeGreaterThan(0);
  expect(verdict.late + verdict.conflicts).toBeGreaterThan(0);
});

if (servesHttp(EXECUTABLE)) {
  test("processes that serve HTTP share a file as well", async () => {
    const load = { processes: 3, own: 150, shared: 60 };
    const verdict = await crowd({ executable: EXECUTABLE, transport: "http", ...load });
    expect(verdict.complaints).toEqual([]);
    expect(verdict.advances).toBe(load.own + load.shared);
  });
}
