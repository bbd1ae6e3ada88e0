/** Sweeps: whoever is left sees to what is due, once, however many do and whatever the clock says. */
import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { historyOf, statusOf } from "./support/calls.ts";
import { asked, begun, clock, linesOf, MINUTE, polledFiles, SHIP, SLOW, server } from "./support/serving.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...polledFiles("POLLED"),
  ...workflowFiles("WAITS", { Cool: { extras: ["wait: 10m"], ...SHIP } }),
});

test("of servers that sweep at once one runs the program; one that may not run it neither does nor hands it over", async () => {
  const time = clock();
  const one = await server({ workflows, script: "echo $$ >> pids; test -e good", now: time.now });
  const others = await Promise.all(
    [true, true, false].map((mayRun) => server({ workflows, beside: one, now: time.now, mayRun })),
  );
  const [, , idle] = others;
  if (!idle) throw new Error("no server");
  const told = await one.call("start_workflow", { workflow_name: "POLLED" });
  const id = told.data.instance_id;
  expect(told.data).toMatchObject({ next_step: null, waiting_for: { kind: "server_step" } });
  expect(told.text).toContain("every 10 min, until 10:00:00 UTC at the latest");
  // while the one that may run it looks from time to time, the other's agent is not asked for it
  expect((await idle.call("resume_workflow", { instance_id: id })).data.next_step).toBeNull();
  for (const looks of [2, 3]) {
    time.pass(10 * MINUTE);
    await Promise.all([one, ...others].map(({ app }) => app.engine.sweep()));
    await waitFor(() => linesOf(one, "pids").length >= looks, `look ${looks}`);
    await Bun.sleep(150);
    expect(linesOf(one, "pids")).toHaveLength(looks);
  }
  time.pass(10 * MINUTE);
  await idle.app.engine.sweep();
  await Bun.sleep(50);
  expect(await statusOf(one, id)).toMatchObject({ visit: 1, waiting_for: { kind: "server_step" } });
  expect(linesOf(one, "pids")).toHaveLength(3);
  time.pass(MINUTE); // nobody came to look: they are gone
  const handed = await idle.call("resume_workflow", { instance_id: id });
  expect(handed.data.next_step.step_id).toBe("1-watch");
  expect(handed.text).toContain("may not here (the server was started without --command test=…): do it yourself");
});

test("a clock that jumps both ways makes looks late, and neither loses nor doubles one", async () => {
  const time = clock();
  const on = await server({ workflows, script: "echo $$ >> pids; test -e good", now: time.now });
  const told = await on.call("start_workflow", { workflow_name: "POLLED" });
  const id = told.data.instance_id;
  const sweep = async () => {
    await on.app.engine.sweep();
    await Bun.sleep(150);
    return linesOf(on, "pids").length;
  };
  expect(await sweep()).toBe(1);
  time.pass(-60 * MINUTE);
  expect(await sweep()).toBe(1);
  time.pass(80 * MINUTE);
  expect([await sweep(), await sweep()]).toEqual([2, 2]);
  time.pass(-15 * MINUTE);
  expect(await sweep()).toBe(2);
  writeFileSync(join(on.project, "good"), "");
  time.pass(26 * MINUTE);
  expect(await sweep()).toBe(3);
  expect(await statusOf(on, id)).toMatchObject({ current_step_name: "Ship", visit: 2 });
  time.pass(-24 * 60 * MINUTE);
  expect(await sweep()).toBe(3);
});

test("looks that never pass end as a failure at the time that was given, by a look made then", async () => {
  const time = clock();
  const on = await server({ workflows, script: "exit 8", now: time.now });
  const { data } = await on.call("start_workflow", { workflow_name: "POLLED" });
  time.pass(9 * 60 * MINUTE + 59 * MINUTE);
  await on.call("resume_workflow", {});
  expect((await statusOf(on, data.instance_id)).waiting_for.until).toBe("2026-01-01T10:00:00.000Z");
  time.pass(MINUTE);
  expect((await on.call("resume_workflow", {})).data.next_step.step_id).toBe("2-ship");
  const [entry] = await historyOf(on, data.instance_id);
  expect(entry).toMatchObject({ report: { status: "failure", result: { exit_code: 8 } } });
});

test("more waits than are seen to at once end by one sweep, also behind steps that this server may not do", async () => {
  const time = clock();
  const on = await server({ workflows, now: time.now, script: SLOW });
  const idle = await server({ workflows, beside: on, now: time.now, mayRun: false });
  await Promise.all(Array.from({ length: 12 }, () => on.call("start_workflow", { workflow_name: "POLLED" })));
  const waits = await Promise.all(
    Array.from({ length: 40 }, () => on.call("start_workflow", { workflow_name: "WAITS" })),
  );
  time.pass(10 * MINUTE);
  await idle.app.engine.sweep();
  for (const { data } of waits) expect((await statusOf(on, data.instance_id)).waiting_for).toBeNull();
  writeFileSync(join(on.project, "go"), "0");
});

test("of many programs that are due at once some run, and the others when these end", async () => {
  const time = clock();
  const on = await server({ workflows, now: time.now, script: `test -e later || exit 8; ${SLOW}` });
  const start = () => on.call("start_workflow", { workflow_name: "POLLED" });
  const runs = await Promise.all(Array.from({ length: 12 }, start));
  writeFileSync(join(on.project, "later"), "");
  time.pass(10 * MINUTE);
  on.app.engine.keepSweeping();
  await on.app.engine.sweep();
  await begun(on, 8);
  await Bun.sleep(100);
  expect(linesOf(on, "pids")).toHaveLength(8);
  writeFileSync(join(on.project, "go"), "0");
  for (const { data } of runs) expect(await asked(on, data.instance_id)).toMatchObject({ current_step_name: "Ship" });
  expect(linesOf(on, "pids")).toHaveLength(12);
});

test("a sweep of a server that nobody called makes no database", async () => {
  const on = await server({ workflows });
  on.app.engine.keepSweeping();
  await on.app.engine.sweep();
  expect(existsSync(on.db)).toBe(false);
});
