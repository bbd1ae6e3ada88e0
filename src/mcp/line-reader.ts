/** Cuts a stream of bytes into lines. Of a line that is too long only both ends are kept. */

/** Bytes of each end of a line that is too long. */
const END_BYTES = 1024;

export interface LongLine {
  bytes: number;
  head: string;
  tail: string;
}

interface LineReaderParts {
  maxBytes: number;
  /** Called with each line, without what ends it. */
  line(text: string): void;
  /** Called instead, at the end of a line that is too long. */
  tooLong(about: LongLine): void;
}

export interface LineReader {
  read(chunk: Buffer): void;
  /** To be called at the end of input: what stands there without a line end is a line too. */
  end(): void;
}

export function createLineReader({ maxBytes, line, tooLong }: LineReaderParts): LineReader {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let head: Buffer | null = null; // of a line that is too long; `pieces` holds its tail then

  function take(piece: Buffer): void {
    bytes += piece.length;
    pieces.push(piece);
    if (bytes <= maxBytes) return;
    const kept = Buffer.concat(pieces);
    head ??= Buffer.from(kept.subarray(0, END_BYTES));
    pieces = [Buffer.from(kept.subarray(-END_BYTES))];
  }

  function finish(): void {
    const text = Buffer.concat(pieces).toString();
    const long = head && { bytes, head: head.toString(), tail: text };
    pieces = [];
    bytes = 0;
    head = null;
    if (long) tooLong(long);
    else line(text);
  }

  return {
    read(chunk) {
      let from = 0;
      for (let to = chunk.indexOf("\n"); to >= 0; to = chunk.indexOf("\n", from)) {
        take(chunk.subarray(from, to));
        finish();
        from = to + 1;
      }
      if (from < chunk.length) take(chunk.subarray(from));
    },
    end() {
      if (bytes > 0) finish();
    },
  };
}
