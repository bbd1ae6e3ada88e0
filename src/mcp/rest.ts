/** What the process does when nobody calls: an agent works for minutes between two calls, and others need the memory. */

/** How long after the last call memory is given back, in milliseconds. */
const QUIET_MS = 500;

/** To be told of each call; when none came for a while, garbage is collected and its memory goes back to the system. */
export function createRest(collect: () => void = () => Bun.gc(true)): { called(): void } {
  let timer: Timer | undefined;
  return {
    called(): void {
      timer = timer?.refresh() ?? setTimeout(collect, QUIET_MS).unref();
    },
  };
}
