/** A client's file on disk: read if it is what it should be, written whole or not at all, with a copy of what stood there. */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fault } from "./text-edit.ts";

/** No settings are that large; histories that lie in the same file are left alone. */
const MOST_BYTES = 5_000_000;
const BOM = "\ufeff";

export interface ConfigFile {
  /** Where its bytes lie: links are followed. */
  target: string;
  /** Null: there is none yet. */
  text: string | null;
  bom: boolean;
}

/** Throws a fault if it cannot be read, or not be written. */
export function readConfigFile(path: string): ConfigFile {
  if (!lstatSync(path, { throwIfNoEntry: false })) {
    const parent = firstThere(dirname(path));
    if (!statSync(parent).isDirectory()) throw fault(`cannot be made: ${parent} is no directory`);
    if (!mayWrite(parent)) throw fault(`cannot be made: ${parent} is read-only`);
    return { target: path, text: null, bom: false };
  }
  const target = targetOf(path);
  const about = statSync(target);
  if (about.isDirectory()) throw fault("is a directory");
  if (!about.isFile()) throw fault("is no file");
  if (about.size > MOST_BYTES) throw fault(`is larger than ${MOST_BYTES / 1_000_000} MB`);
  if (!mayWrite(target) || (about.mode & 0o222) === 0) throw fault("is read-only");
  if (!mayWrite(dirname(target))) throw fault("lies in a read-only directory");
  const whole = decoded(readFileSync(target));
  const bom = whole.startsWith(BOM);
  return { target, text: bom ? whole.slice(1) : whole, bom };
}

/** Whether a file that cannot be changed may hold something of ours: no file, or one without our name, does not. */
export function mayHoldOurs(path: string): boolean {
  try {
    return statSync(path).isFile() && readFileSync(path).includes("orchestrator");
  } catch {
    return false;
  }
}

/** The name of the copy of a file. */
export function copyPath(target: string): string {
  return `${target}.before-orchestrator`;
}

/** The text of the copy; null if there is none that can be read. */
export function readCopy(target: string): string | null {
  try {
    const whole = decoded(readFileSync(copyPath(target)));
    return whole.startsWith(BOM) ? whole.slice(1) : whole;
  } catch {
    return null;
  }
}

/**
 * Writes the text in one move, and keeps what stood there unless told not to. Throws a fault if the file changed since it was read.
 */
export function writeConfigFile({ target, text, bom }: ConfigFile, fresh: string, { keep = true } = {}): void {
  if (text === null) mkdirSync(dirname(target), { recursive: true });
  const about = statSync(target, { throwIfNoEntry: false });
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.orchestrator`);
  try {
    const file = openSync(temporary, "wx", about ? about.mode & 0o777 : 0o666);
    try {
      writeFileSync(file, (bom ? BOM : "") + fresh);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (about) keepOwner(temporary, about);
    expectSame({ target, text, bom });
    if (about && keep) keepCopy(target, about);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes the file, and directories that nothing lies in any more, up to one of those that stay. */
export function removeConfigFile(file: ConfigFile, stay: readonly string[]): void {
  expectSame(file);
  rmSync(file.target);
  for (let parent = dirname(file.target); !stay.includes(parent); parent = dirname(parent)) {
    try {
      rmdirSync(parent);
    } catch {
      return; // something lies in it
    }
  }
}

/** Removes the copy if the file is again what it was; whether it is gone. */
export function removeCopy(target: string): boolean {
  const copy = copyPath(target);
  if (!existsSync(copy)) return true;
  if (!readFileSync(copy).equals(readFileSync(target))) return false;
  rmSync(copy);
  return true;
}

/** The first stays: it is the file before we came. */
function keepCopy(target: string, about: Stats): void {
  const copy = copyPath(target);
  if (lstatSync(copy, { throwIfNoEntry: false })) return;
  copyFileSync(target, copy, constants.COPYFILE_EXCL);
  keepOwner(copy, about);
}

function expectSame({ target, text, bom }: ConfigFile): void {
  const now = existsSync(target) ? decoded(readFileSync(target)) : null;
  if (now !== (text === null ? null : (bom ? BOM : "") + text)) throw fault("was changed by another program meanwhile");
}

function keepOwner(file: string, { uid, gid, mode }: Stats): void {
  try {
    if (process.getuid?.() !== uid) chownSync(file, uid, gid);
  } catch {
    // whoever may not give it away owns it from now on
  }
  // openSync's mode is cut by the umask
  chmodSync(file, mode & 0o7777);
}

function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw fault("is a link that leads nowhere");
  }
}

function firstThere(directory: string): string {
  return existsSync(directory) ? directory : firstThere(dirname(directory));
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fault("is not UTF-8");
  }
}
