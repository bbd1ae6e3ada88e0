/** Progress notifications of one call: what takes a while is said at once, and again until it is over. */
import type { ProgressToken, ServerNotification } from "@modelcontextprotocol/sdk/types.js";

/** Often enough that a client which resets its timeout on progress does not give up. */
const REPEAT_MS = 5_000;

export interface Progress {
  tell(what: string): void;
  end(): void;
}

/** Says nothing to a client that did not ask for it. A client that is gone is no error. */
export function createProgress(
  token: ProgressToken | undefined,
  send: (notification: ServerNotification) => Promise<void>,
): Progress {
  let timer: Timer | undefined;
  let progress = 0;
  let over = false;
  return {
    tell(message) {
      if (token === undefined || over) return; // what goes on in the background after the answer is not told
      const say = () => {
        progress += 1;
        const params = { progressToken: token, progress, message };
        send({ method: "notifications/progress", params }).catch(() => {});
      };
      clearInterval(timer);
      timer = setInterval(say, REPEAT_MS);
      say();
    },
    end() {
      over = true;
      clearInterval(timer);
    },
  };
}
