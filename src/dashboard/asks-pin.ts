/** Whether pages ask for a PIN. What is sent is looked at by /api itself. */
import type { PinKeeper } from "../pin.ts";

/** How long it is believed of a page that is only brought up to date, in milliseconds: each look opens the database anew. */
const BELIEVED_MS = 2_000;

export function createAsksPin({ state }: Pick<PinKeeper, "state">): (isOpened: boolean) => Promise<boolean> {
  let seen: Promise<boolean> | null = null;
  let seenAt = 0;
  return (isOpened) => {
    const now = performance.now();
    if (seen && !isOpened && now - seenAt < BELIEVED_MS) return seen;
    seenAt = now;
    seen = state().then(({ set }) => set);
    seen.catch(() => {
      seen = null;
    });
    return seen;
  };
}
