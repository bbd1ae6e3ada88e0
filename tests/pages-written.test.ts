/** How many pages of the database a commit writes: counted in its log, so that no noise of the machine is in it. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { committed, make, movedTo } from "./support/store-cases.ts";
import { scratchDir } from "./support/workspace.ts";

/** A page of 4 KiB and its header in the log. */
const FRAME_BYTES = 4_096 + 24;

test("an advance writes the row, the entry and the index of entries; only a change of status writes lists too", async () => {
  const path = join(scratchDir(), "state.sqlite");
  const busy = createBusyWait();
  const store = createSqliteStore(await openDatabase(path, busy), { path, busy, files: watchFiles(path) });
  const logged = () => statSync(`${path}-wal`).size;
  const pagesOf = async (change: ReturnType<typeof movedTo>) => {
    const before = logged();
    const instance = await committed(store, change);
    return { instance, pages: (logged() - before) / FRAME_BYTES };
  };
  const first = await pagesOf(movedTo("Two", await make(store, "run_a"))); // writes the first entry's page
  const moved = await pagesOf(movedTo("One", first.instance));
  expect(moved.pages).toBe(3);
  const ended = await pagesOf(movedTo("FINISH", moved.instance));
  expect(ended.pages).toBe(3 + 4);
  await store.close();
});
