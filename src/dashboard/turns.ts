/** Lets whatever else the process has to do come in between two pieces of work that came at once. */

/** Resolves when it is the caller's turn; then all that has arrived was seen to since the turn before. */
export function createTurns(): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
