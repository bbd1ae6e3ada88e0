/** Keeps answers within their size. What is cut says so; the caller says how to get the rest. */
import type { Answer } from "./answer.ts";

/** Most bytes of a tool's result on the wire, both forms together. */
const MAX_RESULT_BYTES = 60_000;
/** For the frame around the two forms. */
const FRAME_BYTES = 500;
/** Bytes that one form may take; the next is tried where the encoded result is still too large. */
export const BUDGETS = [28_000, 14_000, 7_000, 3_000];

/**
 * Builds the answer with the largest budget that keeps the whole result within 60 kB. What is surely small need not be
 * measured.
 */
export function fitAnswer(
  build: (budget: number) => Answer,
  isSurelySmall: (answer: Answer) => boolean = () => false,
): Answer {
  const fitting = tryToFit(build, isSurelySmall);
  if (fitting) return fitting;
  const { text, structured } = build(BUDGETS.at(-1) ?? 0);
  return { text: cutText(text, MAX_RESULT_BYTES / 2 - FRAME_BYTES), structured: cutFields(structured) };
}

/** The answer with the largest budget that fits; undefined if it is too large even with the smallest. */
export function tryToFit(
  build: (budget: number) => Answer,
  isSurelySmall: (answer: Answer) => boolean = () => false,
): Answer | undefined {
  for (const budget of BUDGETS) {
    const answer = build(budget);
    if (isSurelySmall(answer) || isSmall(answer)) return answer;
  }
  return undefined;
}

/** Bytes of a value as JSON. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

export interface Fitted<T> {
  shown: T[];
  /** How each is shown: whole, or shrunk where it alone is too large. */
  views: unknown[];
  /** How many were left out. */
  left: number;
}

/** As many items from the front as fit into the bytes. */
export function fitItems<T>(items: T[], mostBytes: number): Fitted<T> {
  let room = mostBytes;
  const fitted: Fitted<T> = { shown: [], views: [], left: items.length };
  for (const item of items) {
    const view = bytesOf(item) > mostBytes / 2 ? shrink(item, mostBytes / 2) : item;
    room -= bytesOf(view);
    if (room < 0) break;
    fitted.shown.push(item);
    fitted.views.push(view);
    fitted.left -= 1;
  }
  return fitted;
}

/** The value with its longest texts and lists cut until it fits. */
export function shrink(value: unknown, mostBytes: number): unknown {
  for (const [mostChars, mostItems] of [
    [2_000, 100],
    [400, 30],
    [100, 8],
    [20, 3],
  ] as const) {
    const cut = cutDeep(value, { mostChars, mostItems });
    if (bytesOf(cut) <= mostBytes) return cut;
  }
  return notShown(value, "too large to show");
}

/** What stands for values that are left out, of the kind that an output schema says stands there. */
function notShown(value: unknown, words: string): unknown {
  if (Array.isArray(value)) return [notShown(value[0], words)];
  return typeof value === "object" && value !== null ? { "…": words } : `… (${words})`;
}

function isSmall({ text, structured }: Answer): boolean {
  return bytesOf(text) + bytesOf(structured) + FRAME_BYTES <= MAX_RESULT_BYTES;
}

function cutText(text: string, mostBytes: number): string {
  const size = bytesOf(text);
  if (size <= mostBytes) return text;
  return `${text.slice(0, Math.floor((text.length * mostBytes) / size / 1.2))}… (cut)`;
}

/** Each field within an equal share. */
function cutFields(structured: Answer["structured"]): Answer["structured"] {
  const entries = Object.entries(structured).filter(([, value]) => value !== undefined);
  const share = (MAX_RESULT_BYTES / 2 - FRAME_BYTES) / Math.max(1, entries.length);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, bytesOf(value) > share ? shrink(value, share) : value]),
  );
}

function cutDeep(value: unknown, most: { mostChars: number; mostItems: number }): unknown {
  if (typeof value === "string") {
    return value.length > most.mostChars ? `${value.slice(0, most.mostChars)}… (${value.length} characters)` : value;
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, most.mostItems).map((item) => cutDeep(item, most));
    const left = value.length - shown.length;
    return left > 0 ? [...shown, notShown(value[0], `${left} more`)] : shown;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const shown = entries.slice(0, most.mostItems).map(([key, item]) => [key.slice(0, 100), cutDeep(item, most)]);
  const left = entries.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, ["…", `${left} more`]] : shown);
}
