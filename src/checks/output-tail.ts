/** The end of what a program prints, in bounded memory, as text that is safe to show. */

/** Bytes kept at least: escape sequences may take many times the room of the text that they colour. */
export const KEPT_BYTES = 65_536;

export interface OutputTail {
  add(chunk: Uint8Array): void;
  /** At most that many characters of the end, under a line that says how much came before; absent where it is empty. */
  text(most: number): string | undefined;
  /** The last KEPT_BYTES as they came, all if there are fewer. */
  bytes(): Uint8Array;
}

export function createOutputTail(): OutputTail {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let total = 0;
  const bytes = () => Buffer.concat(chunks).subarray(-KEPT_BYTES);
  return {
    bytes,
    add(chunk) {
      total += chunk.length;
      chunks.push(chunk.length > KEPT_BYTES ? chunk.slice(-KEPT_BYTES) : chunk);
      held += chunks.at(-1)?.length ?? 0;
      if (held < 4 * KEPT_BYTES && chunks.length < 4_096) return;
      chunks = [bytes()];
      held = chunks[0]?.length ?? 0;
    },
    text(most) {
      const kept = bytes();
      const isCut = kept.length < total;
      const clean = readable(isCut ? fromWholeLine(kept) : kept);
      const shown = clean.length > most ? clean.slice(-most).replace(/^[\uDC00-\uDFFF]/, "") : clean;
      if (!isCut && shown.length === clean.length) return clean === "" ? undefined : clean;
      const before = Math.max(0, total - Buffer.byteLength(shown));
      return `… (${before.toLocaleString("en-US")} bytes before this)\n${shown}`;
    },
  };
}

/** What follows the first end of a line: what stands before may be half a character or half an escape sequence. */
function fromWholeLine(bytes: Buffer): Buffer {
  const end = bytes.indexOf("\n");
  if (end >= 0 && end < bytes.length / 2) return bytes.subarray(end + 1);
  const start = Math.max(
    0,
    bytes.findIndex((byte) => byte < 0x80 || byte >= 0xc0),
  );
  const sequence = /^[[\]0-9;:?]*[A-Za-z]?/.exec(bytes.toString("latin1", start, start + 64))?.[0] ?? "";
  return bytes.subarray(start + (/[0-9;[]/.test(sequence) ? sequence.length : 0));
}

function readable(bytes: Buffer): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return Bun.stripANSI(text).replace(/[^\P{Cc}\n\t]/gu, "");
}
