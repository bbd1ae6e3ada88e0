/** Why a run is over, where its end is told beside others. */
import type { Store } from "../store.ts";

/** Why a run did not get to its end: what the last report said, else how it was decided. */
export async function whyEnded(store: Store, instanceId: string): Promise<string | undefined> {
  const [last] = await store.decided(instanceId, 1);
  return last?.report?.error ?? last?.decision?.reasoning;
}
