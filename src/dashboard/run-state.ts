/** How a run stands, with its open branches and theirs: another text if, and only if, its page has something new to show. */
import type { Engine } from "../engine/engine.ts";

/** Rejects with INSTANCE_NOT_FOUND. */
export async function runState(engine: Pick<Engine, "status" | "refused">, instance_id: string): Promise<string> {
  const { instance, below } = await engine.status({ instance_id, history_limit: 0, branches: "near" });
  const parents = below?.shown.filter(({ waiting_for }) => waiting_for?.kind === "branches") ?? [];
  const refused = await engine.refused(instance_id, 1);
  const deeper = await Promise.all(parents.map((each) => runState(engine, each.instance_id)));
  return JSON.stringify([instance.version, refused, below, deeper]);
}
