import type { Engine } from "../../src/engine/engine.ts";
import type { Refused } from "../../src/overview.ts";

/** The run's refused reports, once as many are counted: that comes after the answer. */
export async function refusedReports(engine: Pick<Engine, "refused">, id: string, count: number): Promise<Refused[]> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await engine.refused(id);
    if (found.length >= count) return found;
    await Bun.sleep(10);
  }
  throw new Error(`waited in vain for ${count} refused reports`);
}
