/** Small helpers for wording: one line of a text, a duration, a text cut to a size. */

/** One line of the text, cut at `most` characters. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** `45 s`, `12 min`, `3 h`, `2 days`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The time between two ISO times, in words. */
export function between(from: string, to: string): string {
  return duration(Date.parse(to) - Date.parse(from));
}

/** The text, cut so that its JSON form stays within the bytes, followed by how to get the rest. */
export function cutToBytes(text: string, mostBytes: number, whereWhole: string): string {
  if (Buffer.byteLength(JSON.stringify(text)) <= mostBytes) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Buffer.byteLength(JSON.stringify(text.slice(0, middle))) <= mostBytes) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}\n… cut at ${low} of ${text.length} characters; whole: ${whereWhole}`;
}
