/** Sends odd messages one way and holds what comes back: every request is answered once, nothing else is, nothing hangs. */
import { residentMb } from "../client/server.ts";
import { type Expected, oddMessage, randomFrom } from "./messages.ts";
import { type Line, metaOf, openLine, type Received, type Way } from "./ways.ts";

/** Requests that wait for their answers at once. */
const AT_ONCE = 32;
/** The server may take so much memory for it, in MiB. */
const MOST_MEMORY = 400;
const WAIT_MS = 20_000;

export interface Fuzzed {
  sent: number;
  answered: number;
  residentMb: number;
  /** Empty: all held. */
  faults: string[];
}

export interface FuzzOptions {
  executable: string;
  way: Way;
  /** An empty directory, for the server's project and its state. */
  directory: string;
  count: number;
  seed: number;
}

export async function fuzz({ executable, way, directory, count, seed }: FuzzOptions): Promise<Fuzzed> {
  const line = await openLine(executable, way, directory);
  try {
    const found =
      way.transport === "http"
        ? await overHttp(line, { way, count, seed })
        : await overStdio(line, { way, count, seed });
    const memory = residentMb(line.pid);
    const faults = [...found.faults];
    if (memory > MOST_MEMORY) faults.push(`the server takes ${memory.toFixed(0)} MiB`);
    if (/internal error|a request failed/.test(line.stderr()))
      faults.push(`the log tells of a defect: ${line.stderr().slice(0, 500)}`);
    return { sent: count, answered: found.answered, residentMb: memory, faults: faults.slice(0, 10) };
  } finally {
    await line.end();
  }
}

/** A request that was sent, by its id: how often, and how often it was not answered. */
interface Wanted {
  left: number;
  times: number;
  text: string;
}

type Plan = Pick<FuzzOptions, "way" | "count" | "seed">;

/** Each message on its own: the body of its response is all that may answer it. */
async function overHttp(line: Line, { way, count, seed }: Plan) {
  const random = randomFrom(seed);
  const faults: string[] = [];
  let answered = 0;
  let next = 0;
  async function work(): Promise<void> {
    for (let number = next++; number < count; number = next++) {
      const { text, expected } = oddMessage(random, { id: number, meta: metaOf(way) });
      try {
        const received = (await line.send(text)) ?? [];
        answered += received.length;
        const fault = faultIn(received, expected);
        if (fault) faults.push(`${fault}: ${text.slice(0, 300)}`);
      } catch (error) {
        faults.push(`${error}: ${text.slice(0, 300)}`);
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const { text, expected } = lastWord(way);
  const fault = faultIn((await line.send(text)) ?? [], expected);
  return { answered, faults: fault ? [`afterwards ${fault}`, ...faults] : faults };
}

function faultIn(received: Received[], expected: Expected): string | null {
  if (expected === "none") {
    // HTTP refuses with a status, and a body that is about no request.
    return received.every(({ id }) => id === null || id === undefined)
      ? null
      : `answered ${JSON.stringify(received).slice(0, 200)}`;
  }
  const [only, ...others] = received.filter((each) => "id" in each);
  if (!only || others.length > 0) return `answered ${received.length} times`;
  return shapeFault(only) ?? (only.id === expected.id ? null : `answered with id ${JSON.stringify(only.id)}`);
}

function shapeFault(answer: Received): string | null {
  return "result" in answer === "error" in answer ? "an answer that has not one of result and error" : null;
}

/** All down one pipe: whatever comes back is laid beside what was asked. */
async function overStdio(line: Line, { way, count, seed }: Plan) {
  const random = randomFrom(seed);
  const wanted = new Map<string, Wanted>();
  let nulls = 0;
  for (let number = 0; number < count; number++) {
    const { text, expected } = oddMessage(random, { id: number, meta: metaOf(way) });
    if (expected !== "none") {
      if (expected.id === null) nulls += 1;
      else {
        const key = JSON.stringify(expected.id);
        const times = (wanted.get(key)?.times ?? 0) + 1;
        wanted.set(key, { left: times, times, text });
      }
    }
    await line.send(text);
  }
  const last = lastWord(way);
  await line.send(last.text);
  const total = [...wanted.values()].reduce((sum, { left }) => sum + left, nulls) + 1;
  const answers = () => line.received.filter((each) => "id" in each && each.id !== "initialize");
  for (const until = Date.now() + WAIT_MS; answers().length < total && Date.now() < until; ) await Bun.sleep(20);
  return { answered: answers().length, faults: compare(answers(), { wanted, nulls }) };
}

function compare(answers: Received[], { wanted, nulls }: { wanted: Map<string, Wanted>; nulls: number }): string[] {
  const faults: string[] = [];
  let withoutId = 0;
  for (const answer of answers) {
    const shape = shapeFault(answer);
    if (shape) faults.push(`${shape}: ${JSON.stringify(answer).slice(0, 200)}`);
    if (answer.id === LAST) continue;
    if (answer.id === null) {
      withoutId += 1;
      continue;
    }
    const asked = wanted.get(JSON.stringify(answer.id));
    if (asked) asked.left -= 1;
    else faults.push(`nobody asked for ${JSON.stringify(answer).slice(0, 200)}`);
  }
  for (const { left, times, text } of wanted.values()) {
    // Two requests with one id at once cannot be told apart: one answer to both is enough.
    if (left < 0 || left === times)
      faults.push(`${left > 0 ? "not answered" : "answered twice"}: ${text.slice(0, 300)}`);
  }
  if (withoutId !== nulls)
    faults.push(`${withoutId} answers without an id for ${nulls} messages that have none to be read`);
  if (!answers.some(({ id }) => id === LAST)) faults.push("the server does not answer any more");
  return faults;
}

const LAST = "the last one";

/** A good request: the server is alive, and nothing was started. */
function lastWord(way: Way): { text: string; expected: Expected } {
  const meta = metaOf(way);
  const params = { name: "list_instances", arguments: {}, ...(meta ? { _meta: meta } : {}) };
  return { text: JSON.stringify({ jsonrpc: "2.0", id: LAST, method: "tools/call", params }), expected: { id: LAST } };
}
