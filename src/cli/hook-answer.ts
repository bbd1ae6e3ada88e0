/**
 * `orchestrator hook` without anything that it does not need, so that it starts in a third of the time of other commands. It
 * answers or says nothing, and never fails: a client would take a failure for a refusal, and lock its user out.
 */
import { parseArgs } from "node:util";
import { hookSettings } from "../config.ts";
import { HOOK_CLIENTS, HOOK_EVENTS } from "../hook.ts";
import { hookAnswer } from "../hooks/answer.ts";
import { inForm } from "../hooks/form.ts";
import { readInput } from "../hooks/input.ts";
import { transcriptsFor } from "../hooks/transcript.ts";
import { openHookRuns } from "../sqlite/hook-runs.ts";

/** Most bytes that a client may say, and how long it may take, in milliseconds. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_MS = 1_000;

const OPTIONS = { client: { type: "string" }, db: { type: "string" }, project: { type: "string" } } as const;

/** The line to print; empty for nothing. Never rejects. */
export async function answerHook(args: string[], stdin: ReadableStream<Uint8Array>): Promise<string> {
  try {
    const text = await readAll(stdin); // all of it, whatever comes of it: the client may wait until it is taken
    return text === null ? "" : answerTo(args, text);
  } catch {
    return "";
  }
}

function answerTo(args: string[], text: string): string {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true, strict: false });
  const event = HOOK_EVENTS.find((each) => each === positionals[0]);
  const client = HOOK_CLIENTS.find((each) => each === (values.client ?? "claude"));
  const input = event && client && readInput(text, { event, client });
  if (!input) return "";
  const word = (value: unknown) => (typeof value === "string" ? value : undefined);
  const settings = hookSettings({ db: word(values.db), project: word(values.project) }, input);
  const runs = openHookRuns(settings.dbPath);
  if (!runs) return "";
  try {
    const { project } = settings;
    const transcripts = transcriptsFor(input, settings);
    const answer = hookAnswer({ ...input, project, transcripts, now: new Date().toISOString() }, runs);
    return answer ? JSON.stringify(inForm(answer, input)) : "";
  } finally {
    runs.close();
  }
}

/** Null if it is too long. A client that does not end what it says is taken at what it has said so far. */
async function readAll(stdin: ReadableStream<Uint8Array>): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const late = Bun.sleep(MOST_MS).then(() => null);
  const reader = stdin.getReader();
  for (;;) {
    const part = await Promise.race([reader.read(), late]);
    if (!part?.value) break;
    size += part.value.length;
    if (size <= MOST_BYTES) parts.push(part.value);
  }
  return size > MOST_BYTES ? null : Buffer.concat(parts).toString("utf8");
}
