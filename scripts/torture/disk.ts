/**
 * A disk that keeps what was flushed, and of the rest what chance will have: fed with the record of flush-recorder.c, it
 * says what the files hold after the power failed. Strict as POSIX: a file's bytes are sure after its own flush, its name
 * (made or removed) after a flush of its directory.
 */
import type { Random } from "./random.ts";

/** Half-written sectors do not happen; half-written pages do. */
const SECTOR = 512;

type Change = { kind: "write"; offset: number; data: Uint8Array } | { kind: "truncate"; size: number };

interface Inode {
  flushed: Uint8Array;
  pending: Change[];
}

/** One thing that the server did; `path` is a file's, for "d" the directory's. */
export interface Operation {
  op: "w" | "t" | "s" | "d" | "u";
  path: string;
  offset: number;
  data: Uint8Array;
}

/** How much of what was not flushed may be there: nothing, a prefix of the writes, or any of their sectors. */
export type Survivors = "none" | "prefix" | "any";

export class Disk {
  #names: Map<string, Inode>;
  #sureNames: Map<string, Inode>;

  constructor(files: Map<string, Uint8Array>) {
    this.#names = new Map([...files].map(([path, flushed]) => [path, { flushed, pending: [] }]));
    this.#sureNames = new Map(this.#names);
  }

  apply(done: Operation): void {
    switch (done.op) {
      case "w":
        this.#inode(done).pending.push({ kind: "write", offset: done.offset, data: done.data });
        return;
      case "t":
        this.#inode(done).pending.push({ kind: "truncate", size: done.offset });
        return;
      case "s": {
        const inode = this.#inode(done);
        inode.flushed = inode.pending.reduce(changed, inode.flushed);
        inode.pending = [];
        return;
      }
      case "d":
        this.#sureNames = new Map(this.#names);
        return;
      case "u":
        this.#names.delete(done.path);
        return;
      default:
        done.op satisfies never;
    }
  }

  /** What is found after the power failed now. */
  afterPowerLoss(survivors: Survivors, random: Random): Map<string, Uint8Array> {
    const names = survivors === "none" || random() < 0.5 ? this.#sureNames : this.#names;
    return new Map([...names].map(([path, inode]) => [path, remains(inode, survivors, random)]));
  }

  /** Bytes that were written and not flushed. */
  get unflushed(): number {
    const sizes = [...this.#names.values()].flatMap(({ pending }) =>
      pending.map((change) => (change.kind === "write" ? change.data.length : 0)),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  #inode({ path }: Operation): Inode {
    const inode = this.#names.get(path) ?? { flushed: new Uint8Array(), pending: [] };
    this.#names.set(path, inode);
    return inode;
  }
}

function remains({ flushed, pending }: Inode, survivors: Survivors, random: Random): Uint8Array {
  if (survivors === "none") return flushed;
  if (survivors === "prefix")
    return pending.slice(0, Math.floor(random() * (pending.length + 1))).reduce(changed, flushed);
  return pending.flatMap((change) => torn(change, random)).reduce(changed, flushed);
}

/** Each sector of a write arrived, or did not. */
function torn(change: Change, random: Random): Change[] {
  if (change.kind === "truncate") return random() < 0.5 ? [change] : [];
  const kept: Change[] = [];
  for (let at = 0; at < change.data.length; ) {
    const end = Math.min(change.data.length, at + SECTOR - ((change.offset + at) % SECTOR));
    if (random() < 0.5) kept.push({ kind: "write", offset: change.offset + at, data: change.data.subarray(at, end) });
    at = end;
  }
  return kept;
}

/** The bytes after a change; the array may be the same, grown in steps so that appending costs little. */
function changed(bytes: Uint8Array, change: Change): Uint8Array {
  if (change.kind === "truncate") return resized(bytes, change.size);
  const needed = change.offset + change.data.length;
  const target = needed > bytes.length ? resized(bytes, needed) : bytes;
  target.set(change.data, change.offset);
  return target;
}

/** A view of that size with the same content, and zeros behind it. */
function resized(bytes: Uint8Array, size: number): Uint8Array {
  const { buffer, length } = bytes;
  if (size > buffer.byteLength) {
    const grown = new Uint8Array(Math.max(size, buffer.byteLength * 2));
    grown.set(bytes);
    return grown.subarray(0, size);
  }
  const view = new Uint8Array(buffer, 0, size);
  if (size > length) view.fill(0, length);
  return view;
}
