/** Small helpers for wording: one line of a text, a duration, a text cut to a size, a text from outside made harmless. */

/** One line of the text, cut at `most` characters; what would steer a terminal is shown, not obeyed. */
export function oneLine(text: string, most: number): string {
  return visible(cutLine(text, most));
}

/** One line of what somebody said, as a quoted text: nothing in it can end the quotation or begin another line. */
export function quoted(text: string, most: number): string {
  return visible(JSON.stringify(cutLine(text, most)));
}

function cutLine(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/**
 * What steers a terminal or hides from a reader: control characters but tab and line feed, separators of lines that only some
 * readers know, marks that turn the direction of text or show nothing. The joiners within words and emoji stay.
 */
const STEERING = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

/** The text with all that steers written as an escape like `\\u001b`; JSON stays the same JSON. */
export function visible(text: string): string {
  return text.replace(STEERING, (found) => found.split("").map(escaped).join(""));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** `45 s`, `12 min`, `3 h`, `2 days`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A time as an author wrote it, in the largest unit that says it exactly: `90 s`, `10 min`, `2 h`, `3 days`. */
export function exactly(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds % each === 0) ?? ["s", 1];
  return seconds === size && unit === "days" ? "1 day" : `${seconds / size} ${unit}`;
}

const UNITS = [
  ["days", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** The time between two ISO times, in words. */
export function between(from: string, to: string): string {
  return duration(Date.parse(to) - Date.parse(from));
}

/** Most bytes that a character takes as JSON. */
const MOST_PER_CHARACTER = 6;

/** The text, cut so that its JSON form stays within the bytes, followed by how to get the rest. */
export function cutToBytes(text: string, mostBytes: number, whereWhole: () => string): string {
  if ((text.length + 1) * MOST_PER_CHARACTER <= mostBytes) return text;
  if (Buffer.byteLength(JSON.stringify(text)) <= mostBytes) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Buffer.byteLength(JSON.stringify(text.slice(0, middle))) <= mostBytes) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}\n… cut at ${low} of ${text.length} characters; whole: ${whereWhole()}`;
}
