/** What a person's yes is bound to: all that they are shown, looked at now, and what of it changed since. */
import { type Digest, type Exhibit, MAX_SHOWN_BYTES } from "../approval.ts";
import { currentStep } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { oneLine } from "../words.ts";
import type { Shown } from "../workflow.ts";
import type { Call } from "./call.ts";

/** Files that are named where something changed. */
const MAX_NAMED = 5;
const MAX_NAME = 200;

/** Everything that the step's definition shows, and a hash over that, the definition, the step and what is asked. */
export interface Look {
  hash: string;
  shown: Exhibit[];
}

/** Looks at what a person is shown of the step at which the run stands. */
export async function look(call: Call): Promise<Look> {
  const { current, workflow } = call;
  const show = currentStep(workflow, current)?.approval?.show ?? [];
  const shown = await Promise.all(show.map((each) => exhibit(call, each)));
  const asked = [current.definition, current.step_name, current.turn?.message ?? ""];
  const seen = shown.map(({ what, digest, fault }) => [what, digest, fault ?? ""]); // a yes to less than all is to just that
  return { hash: sha256(JSON.stringify([...asked, seen])), shown };
}

/** What the history keeps of what was shown. */
export function digestsOf(shown: Digest[]): Digest[] {
  return shown.map(({ what, digest }) => ({ what, digest }));
}

/** `src/a.ts changed at 09:01:12 UTC`, `context.version changed`: what is not as it was shown. */
export async function whatChanged({ parts, current }: Call, before: Digest[], now: Exhibit[]): Promise<string> {
  const words = new Set<string>(); // a file that is shown may be one of the changes too
  for (const { what, digest, changed_at } of now) {
    const earlier = before.find((each) => each.what === what)?.digest ?? null;
    if (earlier === digest) continue;
    const files =
      what === "changes" && earlier && digest ? await parts.exhibits.between(current, earlier, digest) : null;
    words.add(`${named(what, files)} changed${changed_at ? ` at ${changed_at.slice(11, 19)} UTC` : ""}`);
  }
  return words.size > 0 ? [...words].join("; ") : "the workflow's definition or what is asked changed";
}

function named(what: string, files: string[] | null): string {
  if (!files || files.length === 0) return what === "changes" ? "a file of the project" : what;
  const more = files.length > MAX_NAMED ? ` and ${files.length - MAX_NAMED} more` : "";
  return (
    files
      .slice(0, MAX_NAMED)
      .map((file) => oneLine(file, MAX_NAME))
      .join(", ") + more
  );
}

function exhibit({ parts, current }: Call, shown: Shown): Exhibit | Promise<Exhibit> {
  if (shown.kind === "context") return valueExhibit(current.context, shown.path);
  return shown.kind === "file" ? parts.exhibits.file(current, shown.path) : parts.exhibits.changes(current);
}

function valueExhibit(context: JsonObject, path: string[]): Exhibit {
  const what = `context.${path.join(".")}`;
  const value = valueAt(context, path);
  if (value === undefined) return { what, digest: null, fault: "the context has no such key" };
  const whole = Buffer.from(typeof value === "string" ? value : JSON.stringify(value, null, 2));
  const digest = sha256(JSON.stringify(value));
  if (whole.length <= MAX_SHOWN_BYTES) return { what, digest, text: whole.toString() };
  const text = new TextDecoder().decode(whole.subarray(0, MAX_SHOWN_BYTES), { stream: true }); // without half a character
  return { what, digest, text, bytes: whole.length };
}

function valueAt(context: JsonObject, path: string[]): unknown {
  let value: unknown = context;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key]; // an object that has the key
  }
  return value;
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
