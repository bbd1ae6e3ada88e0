/** A file of a project as a person is shown it, with a digest of all its bytes. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type Exhibit, MAX_SHOWN_BYTES, type ShownRun } from "../approval.ts";
import { regularFile } from "./file-fault.ts";

const TIME_LIMIT_MS = 10_000;

/** Its text is absent if it is not UTF-8, or holds a NUL. */
export async function shownFile({ project }: Pick<ShownRun, "project">, path: string): Promise<Exhibit> {
  const found = await regularFile(path, project);
  if ("fault" in found) return { what: path, digest: null, fault: found.fault };
  try {
    // A pipe or a link that was put in its place meanwhile is not waited for, and not followed.
    const file = await open(found.real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return { what: path, digest: null, fault: `${path} is no regular file` };
      return { what: path, ...(await contentOf(file)), changed_at: stats.mtime.toISOString() };
    } finally {
      await file.close();
    }
  } catch {
    return { what: path, digest: null, fault: `${path} cannot be read within ${TIME_LIMIT_MS / 1000} s` };
  }
}

async function contentOf(file: FileHandle): Promise<Pick<Exhibit, "digest" | "text" | "bytes">> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(1024 * 1024);
  let start = Buffer.alloc(0);
  let total = 0;
  let isText = true;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    isText &&= !chunk.includes(0);
    if (start.length < MAX_SHOWN_BYTES) {
      start = Buffer.concat([start, chunk.subarray(0, MAX_SHOWN_BYTES - start.length)]);
    }
    total += bytesRead;
  }
  const text = isText ? wholeCharacters(start, total > start.length) : null;
  const shown = text === null ? {} : { text, ...(total > start.length ? { bytes: total } : {}) };
  return { digest: hash.digest("hex"), ...shown };
}

/** Null if it is not UTF-8. `isCut`: the last character may be half. */
function wholeCharacters(bytes: Buffer, isCut: boolean): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}
