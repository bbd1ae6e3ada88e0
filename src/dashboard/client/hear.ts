/**
 * Hears from the server that something changed: by an event stream, or by asking again and again. A browser has six connections
 * to a server for all of its windows, and a stream keeps one: windows beyond the first few ask.
 */

interface Listener {
  /** From now on changes are told. */
  begins(): void;
  /** `moment`: the server's number for what is there now. */
  changed(moment: number): void;
  /** It is over, and has to be begun anew. */
  ends(): void;
}

/** Streams of one browser. */
const PLACES = 3;
/** How often the others ask, in milliseconds. */
const ASK_MS = 300;

/** Begins; what it returns ends it, and then nothing more is told. */
export function hear(address: string, listener: Listener): () => void {
  const over = new AbortController();
  void takePlace().then((leave) => {
    over.signal.addEventListener("abort", () => leave?.());
    if (over.signal.aborted) leave?.();
    else if (leave) stream(address, listener, over.signal);
    else void ask(listener, over.signal);
  });
  return () => over.abort();
}

function stream(address: string, { begins, changed, ends }: Listener, over: AbortSignal): void {
  const source = new EventSource(address);
  source.addEventListener("open", begins);
  source.addEventListener("changed", ({ data }) => changed(JSON.parse(data).moment));
  source.addEventListener("error", ends);
  over.addEventListener("abort", () => source.close());
}

async function ask({ begins, changed, ends }: Listener, over: AbortSignal): Promise<void> {
  let known = await moment(over);
  if (known !== null && !over.aborted) begins();
  while (known !== null && !over.aborted) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    const now = over.aborted ? known : await moment(over);
    if (now !== known && now !== null && !over.aborted) changed(now);
    known = now;
  }
  if (!over.aborted) ends();
}

/** Null if the server does not tell it. */
async function moment(signal: AbortSignal): Promise<number | null> {
  const response = await fetch("/api/moment", { signal }).catch(() => null);
  return response?.ok ? (await response.json()).moment : null;
}

/** What gives the place back; null: all are taken, or the browser cannot count across windows (a page without TLS from another machine). */
async function takePlace(): Promise<(() => void) | null> {
  if (!("locks" in navigator)) return null;
  for (let place = 0; place < PLACES; place++) {
    const leave = await hold(`stream ${place}`);
    if (leave) return leave;
  }
  return null;
}

/** A lock is held until its promise resolves, and falls free with its window. */
function hold(name: string): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const keep = (lock: Lock | null) => (lock ? new Promise<void>((leave) => resolve(leave)) : resolve(null));
    navigator.locks.request(name, { ifAvailable: true }, keep).catch(reject);
  });
}
