/**
 * Files that the server keeps of a run, beside its database: what programs printed, and how files stood. If one cannot be
 * written, the answer says so; a check never fails for it. No link is followed, to write or to remove.
 */
import type { FileHandle } from "node:fs/promises";
import { lstat, open, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Finding, OfVisit } from "../check-kinds/looking.ts";
import { type KeptOutputs, MAX_OUTPUT_SHOWN } from "../overview.ts";
import { slugify } from "../workflow.ts";
import { KEPT_BYTES } from "./output-tail.ts";
import { faultOf, isDirectory, privateDirectory, removeWhole } from "./own-directory.ts";
import { dropOldest, entriesIn, filesIn, putWhole, readEnd } from "./private-files.ts";

/** Most bytes of one program's output. */
const MAX_FILE_BYTES = 10_000_000;
/** Most bytes of all files; with more the oldest go, until nine tenths are left. */
const MAX_BYTES = 1_000_000_000;
/** After so many bytes of its own a server looks again how many there are. */
const LOOK_BYTES = 25_000_000;
/** How the project's files stood: the end of such a file's name, and most of them for one run. */
const STATE = ".files";
const MAX_STATES = 10;
/** Of a long output: its beginning, up to here, and its end. */
const HEAD_BYTES = MAX_FILE_BYTES - KEPT_BYTES - 100;

/** The directory of a run bears its id. */
const IS_RUN = /^(run|wf)_\w+$/;

export interface KeptFiles extends KeptOutputs {
  /** The directory of what is kept of a run, made unless it is there. Rejects if it cannot be. */
  home(instanceId: string): Promise<string>;
  /** A file for what a check's program prints in one attempt; it is begun with the first byte. */
  output(of: OfVisit, what: { check: string; attempt: string }): OutputFile;
  /** Keeps what a later look of the visit reads; a note that cannot be written is none. */
  note(of: OfVisit, key: string, bytes: Uint8Array): Promise<void>;
  /** Null if there is none. */
  readNote(of: OfVisit, key: string): Promise<Buffer | null>;
  /**
   * Keeps how the project's files stood, under a name of its own, for as long as few newer ones come; one that cannot be
   * written is none.
   */
  keepState(instanceId: string, name: string, bytes: () => Uint8Array): Promise<void>;
  /** Null if there is none, or none any more. */
  readState(instanceId: string, name: string): Promise<Buffer | null>;
  /** Removes all files of the runs that are gone; rejects with the first fault after it went through them all. */
  removeRuns(isGone: (instanceId: string) => Promise<boolean>): Promise<void>;
}

export interface OutputFile {
  add(chunk: Uint8Array): void;
  /** Puts the file in place of one that an earlier attempt left. `tail`: the end of all that was added. */
  end(tail: Uint8Array): Promise<Pick<Finding, "output_file" | "output_fault">>;
  /** Nobody is to see it. */
  discard(): Promise<void>;
}

/** `directory` may be another one at each call: a database's files stand beside it. It is made when it is needed. */
export function createKeptFiles(directory: () => string): KeptFiles {
  let unseen = LOOK_BYTES;

  const homeOf = ({ instance_id }: Pick<OfVisit, "instance_id">) => join(directory(), instance_id);

  async function makeHome(of: Pick<OfVisit, "instance_id">): Promise<string> {
    await privateDirectory(directory());
    await privateDirectory(homeOf(of));
    return homeOf(of);
  }

  /** Writes something where the files of the run are. */
  async function begin<T>(of: Pick<OfVisit, "instance_id">, write: (home: string) => Promise<T>): Promise<T> {
    return write(await makeHome(of));
  }

  const outputPath = (of: OfVisit, check: string) => join(homeOf(of), `${of.visit}-${fileName(check)}.log`);

  function wrote(bytes: number): void {
    unseen += bytes;
    if (unseen < LOOK_BYTES) return;
    unseen = 0;
    void trim(directory()).catch(() => {}); // gone meanwhile, or not ours to remove: the next look comes
  }

  return {
    home: (instance_id) => makeHome({ instance_id }),
    output(of, { check, attempt }) {
      const path = outputPath(of, check);
      const part = `${path}.${slugify(attempt)}.part`;
      return createOutputFile({ path, part, begin: () => begin(of, () => open(part, "wx", 0o600)), wrote });
    },
    async readOutput(of, check) {
      if (!IS_RUN.test(of.instance_id) || !(await isDirectory(directory())) || !(await isDirectory(homeOf(of))))
        return null;
      return readEnd(outputPath(of, check), MAX_OUTPUT_SHOWN);
    },
    async note(of, key, bytes) {
      try {
        await begin(of, (home) => putNote(home, { of, key, bytes }));
        wrote(bytes.length);
      } catch {
        // the names of what changes cannot be told then; whether something does, can
      }
    },
    async keepState(instance_id, name, bytes) {
      try {
        await begin({ instance_id }, async (home) => {
          const state = bytes();
          if (state.length > MAX_FILE_BYTES) return;
          await putWhole(join(home, `${name}${STATE}`), state);
          await dropOldest(home, STATE, MAX_STATES);
          wrote(state.length);
        });
      } catch {
        // as with a note
      }
    },
    readState: (instance_id, name) => readFile(join(homeOf({ instance_id }), `${name}${STATE}`)).catch(() => null),
    readNote: (of, key) => readFile(notePath(homeOf(of), of, key)).catch(() => null),
    async removeRuns(isGone) {
      const faults: unknown[] = [];
      for (const id of await runsIn(directory())) {
        if (await isGone(id)) await removeWhole(join(directory(), id)).catch((error) => faults.push(error));
      }
      if (faults.length > 0) throw faults[0];
    },
  };
}

/** Two checks of a step never share one. */
function fileName(check: string): string {
  const slug = slugify(check);
  return slug === check ? slug : `${slug}-${new Bun.CryptoHasher("sha256").update(check).digest("hex").slice(0, 6)}`;
}

function notePath(home: string, { visit }: OfVisit, key: string): string {
  return join(home, `${visit}-${fileName(key)}.state`);
}

/** In place of any that is there, whole or not at all. Those of earlier visits are read by nobody. */
async function putNote(home: string, { of, key, bytes }: { of: OfVisit; key: string; bytes: Uint8Array }) {
  for (const name of await filesIn(home)) {
    if (name.endsWith(".state") && Number.parseInt(name, 10) < of.visit) await unlink(join(home, name));
  }
  await putWhole(notePath(home, of, key), bytes);
}

interface Place {
  path: string;
  part: string;
  begin(): Promise<FileHandle>;
  wrote(bytes: number): void;
}

/** What is added is written one after the other, in the background; at most MAX_FILE_BYTES wait for it. */
function createOutputFile({ path, part, begin, wrote }: Place): OutputFile {
  let total = 0;
  let room = HEAD_BYTES;
  let fault: string | null = null;
  let file: FileHandle | null = null;
  let writing = Promise.resolve();

  function later(act: () => Promise<unknown>): Promise<void> {
    writing = writing.then(async () => {
      if (fault !== null) return;
      try {
        await act();
      } catch (error) {
        fault = faultOf(error);
      }
    });
    return writing;
  }

  function append(bytes: Uint8Array): Promise<void> {
    return later(async () => {
      file ??= await begin();
      await file.appendFile(bytes);
    });
  }

  async function drop(): Promise<void> {
    await writing;
    await file?.close().catch(() => {});
    if (file) await unlink(part).catch(() => {});
  }

  return {
    add(chunk) {
      total += chunk.length;
      const kept = chunk.subarray(0, room);
      room -= kept.length;
      if (kept.length > 0) void append(kept);
    },
    async end(tail) {
      if (total === 0) return {};
      const rest = total - (HEAD_BYTES - room);
      const shown = tail.subarray(tail.length - Math.min(rest, tail.length));
      const left = rest - shown.length;
      if (left > 0) void append(Buffer.from(`\n… (${left.toLocaleString("en-US")} bytes left out)\n`));
      if (shown.length > 0) void append(shown);
      await later(async () => {
        await file?.close();
        await rename(part, path);
      });
      if (fault !== null) {
        await drop();
        return { output_fault: fault };
      }
      wrote(Math.min(total, MAX_FILE_BYTES));
      return { output_file: path };
    },
    discard: drop,
  };
}

/** Removes the oldest files while there are too many bytes. */
async function trim(directory: string): Promise<void> {
  const files: { path: string; size: number; time: number }[] = [];
  for (const run of await runsIn(directory)) {
    for (const name of await filesIn(join(directory, run))) {
      const path = join(directory, run, name);
      const found = await lstat(path).catch(() => null); // gone meanwhile
      if (found) files.push({ path, size: found.size, time: found.mtimeMs });
    }
  }
  let total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_BYTES) return;
  for (const { path, size } of files.sort((one, other) => one.time - other.time)) {
    if (total <= MAX_BYTES * 0.9) return;
    await unlink(path);
    total -= size;
  }
}

/** The runs that have a directory here: nothing else in it is ours. */
async function runsIn(directory: string): Promise<string[]> {
  const found = await entriesIn(directory);
  return found.filter((entry) => entry.isDirectory() && IS_RUN.test(entry.name)).map(({ name }) => name);
}
