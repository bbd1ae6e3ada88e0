/** One contract for every store. A new one is added to STORES and must pass as it is. */
import { describe } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { createSqliteUpkeep } from "../src/sqlite/file-upkeep.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { holdsBranches } from "./support/branch-contract.ts";
import { createMemory, createMemoryStore, createMemoryUpkeep } from "./support/memory-store.ts";
import { holdsOverview } from "./support/overview-contract.ts";
import type { OpenRoom } from "./support/store-cases.ts";
import { holdsLists, holdsRuns } from "./support/store-contract.ts";
import { holdsAttempts, holdsUpkeep } from "./support/upkeep-contract.ts";
import { scratchDir } from "./support/workspace.ts";

const STORES: Record<string, OpenRoom> = {
  sqlite: async () => {
    const path = join(scratchDir(), "state.sqlite");
    const busy = createBusyWait();
    const open = async (path: string) =>
      createSqliteStore(await openDatabase(path, busy), { path, busy, files: watchFiles(path) });
    const [store, other] = [await open(path), await open(path)];
    return { store, other, upkeep: createSqliteUpkeep(path, busy), restore: open };
  },
  memory: async () => {
    const memory = createMemory();
    return {
      store: createMemoryStore(memory),
      other: createMemoryStore(memory),
      upkeep: createMemoryUpkeep(memory),
      restore: async (file) => createMemoryStore(JSON.parse(readFileSync(file, "utf8"))),
    };
  },
};

for (const [name, open] of Object.entries(STORES)) {
  describe(`store: ${name}`, () => {
    holdsRuns(open);
    holdsLists(open);
    holdsOverview(open);
    holdsBranches(open);
    holdsAttempts(open);
    holdsUpkeep(open);
  });
}
