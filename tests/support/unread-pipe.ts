/** A pipe that nobody reads before the test does. */
import { afterEach } from "bun:test";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { scratchDir } from "./workspace.ts";

export interface UnreadPipe {
  /** The end that a process is given. */
  writeEnd: number;
  /** Takes out what is in it now. */
  read(): string;
}

const open: number[] = [];

afterEach(() => {
  for (const end of open.splice(0)) closeSync(end);
});

export function unreadPipe(): UnreadPipe {
  const path = join(scratchDir(), "pipe");
  if (!Bun.spawnSync(["mkfifo", path]).success) throw new Error("mkfifo failed");
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  open.push(readEnd, writeEnd);
  const buffer = Buffer.alloc(1024 * 1024);
  const read = () => {
    try {
      return buffer.toString("utf8", 0, readSync(readEnd, buffer));
    } catch {
      return ""; // nothing is in it
    }
  };
  return { writeEnd, read };
}
