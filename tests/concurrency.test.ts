/** Several processes on one database file: nothing is lost, nothing is doubled, and nobody is told that it is locked. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { advance, historyOf, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("ROUND", { Left: { routes: ["otherwise → Right"] }, Right: { routes: ["otherwise → Left"] } }),
});

const stepIdAt = (visit: number) => `${visit}-${visit % 2 ? "left" : "right"}`;

/** Several servers for one project on one file. */
function processes(count: number, db = join(scratchDir(), "state.sqlite")): Promise<Connection[]> {
  const project = scratchDir();
  return Promise.all(Array.from({ length: count }, () => connect({ workflows, db, project })));
}

function refuseLocks({ text, isError }: Told): void {
  if (isError) expect(text).not.toMatch(/locked|busy|PERSISTENCE_ERROR|INTERNAL_ERROR/i);
}

test("processes whose first call comes at the same moment all open the new file", async () => {
  for (let round = 0; round < 3; round++) {
    const servers = await processes(5);
    const runs = await Promise.all(servers.map((each) => startRun(each, "ROUND")));
    expect(new Set(runs.map((run) => run.id)).size).toBe(5);
    const listed = await servers[0]?.call("list_instances");
    expect(listed?.data.instances).toHaveLength(5);
    await Promise.all(servers.map((each) => each.close()));
  }
});

test("starts with request_ids from several processes at once are all answered, and each id starts one run", async () => {
  const servers = await processes(3);
  const EACH = 80;
  const starts = servers.flatMap((on, index) =>
    Array.from({ length: EACH }, (_, number) =>
      startRun(on, "ROUND", { request_id: number % 2 ? `shared ${number}` : `of ${index}: ${number}` }),
    ),
  );
  const ids = new Set((await Promise.all(starts)).map((run) => run.id));
  expect(ids.size).toBe(EACH / 2 + 3 * (EACH / 2));
});

test("each process with runs of its own: every report is answered and none is lost", async () => {
  const servers = await processes(3);
  const VISITS = 40;
  const ids = await Promise.all(
    servers.map(async (on) => {
      const { id } = await startRun(on, "ROUND");
      for (let visit = 1; visit <= VISITS; visit++) {
        const told = await advance(on, { id, stepId: stepIdAt(visit) }, { updates: { visit } });
        expect(told.data.next_step?.step_id ?? told.text).toBe(stepIdAt(visit + 1));
      }
      return id;
    }),
  );
  const [reader] = servers as [Connection, ...Connection[]]; // processes(3) made it
  for (const id of ids) {
    expect(await statusOf(reader, id)).toMatchObject({ visit: VISITS + 1, context: { visit: VISITS } });
    expect(await historyOf(reader, id)).toHaveLength(VISITS);
  }
});

test("several processes on one run: each visit is decided once, by one of them, and every answer agrees", async () => {
  const servers = await processes(3);
  const [first] = servers as [Connection, ...Connection[]]; // processes(3) made it
  const { id } = await startRun(first, "ROUND");
  const VISITS = 40;
  const won: number[] = [];
  await Promise.all(
    servers.map(async (on, index) => {
      for (let visit = 1; visit <= VISITS; ) {
        const told = await advance(
          on,
          { id, stepId: stepIdAt(visit) },
          { details: `by ${index}`, updates: { [`by_${index}`]: visit } },
        );
        refuseLocks(told);
        if (told.isError) {
          expect(told.data).toMatchObject({ error_code: "CONFLICT", retryable: true });
          continue;
        }
        if (!told.data.replayed) won.push(visit);
        visit++;
      }
    }),
  );
  expect(won.sort((a, b) => a - b)).toEqual(Array.from({ length: VISITS }, (_, index) => index + 1));
  expect((await statusOf(first, id)).visit).toBe(VISITS + 1);
  expect((await historyOf(first, id)).map((entry) => entry.step_id)).toEqual(won.map(stepIdAt));
});

test("notes from several processes at once are all kept, or refused as CONFLICT and kept when sent again", async () => {
  const servers = await processes(3);
  const [first] = servers as [Connection, ...Connection[]]; // processes(3) made it
  const { id, stepId } = await startRun(first, "ROUND");
  const NOTES = 20;
  const sent = servers.flatMap((on, index) =>
    Array.from({ length: NOTES }, async (_, number) => {
      for (;;) {
        const told = await advance(on, { id, stepId }, { status: "in_progress", details: `${index}:${number}` });
        refuseLocks(told);
        if (!told.isError) return `${index}:${number}`;
        expect(told.data.error_code).toBe("CONFLICT");
      }
    }),
  );
  const acknowledged = await Promise.all(sent);
  const kept = (await historyOf(first, id)).map((entry): string => entry.report.details);
  expect(kept.sort()).toEqual(acknowledged.sort());
});

test("one process that is sent many calls for one visit at once decides it once", async () => {
  const on = await connect({ workflows });
  const { id, stepId } = await startRun(on, "ROUND");
  const told = await Promise.all(
    Array.from({ length: 30 }, (_, n) => advance(on, { id, stepId }, { details: `${n}` })),
  );
  expect(told.filter((each) => !each.isError && !each.data.replayed)).toHaveLength(1);
  expect(told.filter((each) => each.isError)).toEqual([]);
  expect((await statusOf(on, id)).history).toHaveLength(1);
});

test("a run that one process moves is seen by another at its next call", async () => {
  const [one, two] = (await processes(2)) as [Connection, Connection]; // processes(2) made both
  const { id } = await startRun(one, "ROUND");
  expect((await two.call("resume_workflow")).data).toMatchObject({ instance_id: id, next_step: { visit: 1 } });
  await advance(one, { id, stepId: "1-left" });
  expect((await two.call("resume_workflow")).data.next_step.visit).toBe(2);
  await advance(two, { id, stepId: "2-right" });
  expect((await statusOf(one, id)).visit).toBe(3);
});

test("a process that last wrote a run goes by what others wrote since: notes, decisions, a rewind", async () => {
  const [one, two] = (await processes(2)) as [Connection, Connection]; // processes(2) made both
  const { id } = await startRun(one, "ROUND");
  await advance(one, { id, stepId: "1-left" });
  await advance(two, { id, stepId: "2-right" }, { status: "in_progress", details: "half", updates: { of_two: 1 } });
  await advance(one, { id, stepId: "2-right" }, { updates: { of_one: 1 } });
  expect(await statusOf(one, id)).toMatchObject({ visit: 3, context: { of_one: 1, of_two: 1 } });

  await advance(two, { id, stepId: "3-left" }, { details: "by two" });
  const late = await advance(one, { id, stepId: "3-left" });
  expect(late.data).toMatchObject({ replayed: true, next_step: { visit: 4 } });
  expect((await advance(one, { id, stepId: "3-left" }, { status: "failure" })).data.error_code).toBe("STALE_REPORT");

  await advance(one, { id, stepId: "4-right" }, { updates: { of_one: 2 } });
  await two.call("rewind_workflow", { instance_id: id, to_visit: 2 });
  expect((await advance(one, { id, stepId: "5-left" })).data.error_code).toBe("STALE_REPORT");
  const again = await advance(one, { id, stepId: "6-right" });
  expect(again.data.current_context).toEqual({});
  expect((await historyOf(two, id)).map(({ kind }) => kind)).toEqual([
    "visit",
    "note",
    "visit",
    "visit",
    "visit",
    "rewind",
    "visit",
  ]);
});
