/** Follows what changes: whenever the server tells that something did, the page is brought up to date. */
import { hear } from "./hear.ts";
import { refresh } from "./refresh.ts";
import { SIGNED_OUT } from "./say.ts";

/** A window that nobody looks at for this long follows nothing, until somebody does. */
const UNSEEN_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export function follow(): void {
  const address = document.body.dataset["events"];
  if (!address) return;
  let stopHearing: (() => void) | null = null;
  let wait = FIRST_WAIT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let unseen: ReturnType<typeof setTimeout> | undefined;

  function listen(): void {
    close();
    stopHearing = hear(address ?? "", {
      begins: () => {
        wait = FIRST_WAIT_MS;
        // What changed before is not told.
        void look();
      },
      changed: (moment) => void look(moment),
      ends: () => {
        close();
        timer = setTimeout(again, wait);
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      },
    });
  }

  /** A stream that is refused says not why; a page does. */
  async function again(): Promise<void> {
    clearTimeout(timer);
    if (await look()) listen();
    else if (stopHearing === null && !stopped) timer = setTimeout(again, wait);
  }

  async function look(moment?: number): Promise<boolean> {
    const found = await refresh(moment);
    if (found === "done") notice(null);
    else if (found === "out") notice({ words: SIGNED_OUT });
    else notice({ words: "Connection lost. Trying again…", retry: () => void again() });
    if (found === "out") stop();
    return found === "done";
  }

  function close(): void {
    clearTimeout(timer);
    stopHearing?.();
    stopHearing = null;
  }

  function stop(): void {
    stopped = true;
    close();
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(close, UNSEEN_MS);
    else if (stopHearing === null && !stopped) listen();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", ({ persisted }) => persisted && !stopped && listen());
  // One that was opened in the background follows once it is looked at.
  if (!document.hidden) listen();
}

/** In the corner of the window; null takes it away. It is put there once, so that it is read out once. */
function notice(what: { words: string; retry?: () => void } | null): void {
  const place = document.getElementById("connection");
  if (!place || place.dataset["words"] === (what?.words ?? "")) return;
  place.dataset["words"] = what?.words ?? "";
  if (!what) {
    place.replaceChildren();
    return;
  }
  const box = document.createElement("p");
  box.append(what.words);
  if (what.retry) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Try now";
    button.addEventListener("click", what.retry);
    box.append(button);
  }
  place.replaceChildren(box);
}
