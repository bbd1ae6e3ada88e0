/** A bearer token that stands in a file: made at the first start, read at every later one, printed nowhere. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";

const TOKEN_BYTES = 32;
/** Most bytes that are looked at of a file. */
const MAX_FILE_BYTES = 4_096;

/**
 * The token in the file; a new one, of mode 0600, if there is no such file. Throws INVALID_INPUT if the file belongs to
 * somebody else, can be read by others, or holds no token.
 */
export function tokenIn(path: string): string {
  try {
    return readToken(path) ?? makeToken(path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unusable(path, `cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Null: there is no such file. */
function readToken(path: string): string | null {
  const file = open(path);
  if (file === null) return null;
  try {
    const { mode, uid } = fstatSync(file);
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isFile) throw unusable(path, "is no file");
    if (process.getuid && uid !== process.getuid()) throw unusable(path, "belongs to another user");
    if (process.getuid && (mode & 0o077) !== 0) {
      throw unusable(path, "can be read by others", "Say chmod 600 of it, or delete it to have a new one made.");
    }
    const bytes = Buffer.alloc(MAX_FILE_BYTES);
    const token = bytes.toString("utf8", 0, readSync(file, bytes)).trim();
    if (!/^[\x21-\x7e]+$/.test(token)) throw unusable(path, "holds no token", "Delete it to have a new one made.");
    return token;
  } finally {
    closeSync(file);
  }
}

/** Neither follows a link nor waits at a pipe. */
function open(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") throw unusable(path, "is a link");
    throw error;
  }
}

/** The file is there whole or not at all. If another server makes one at the same moment, its token counts. */
function makeToken(path: string): string {
  const token = randomBytes(TOKEN_BYTES).toString("hex");
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(draft, `${token}\n`, { flag: "wx", mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    const other = readToken(path);
    if (other === null) throw error;
    return other;
  } finally {
    rmSync(draft, { force: true });
  }
  return token;
}

function unusable(
  path: string,
  what: string,
  hint = "Name a file of your own, or one that does not exist yet.",
): AppError {
  return new AppError("INVALID_INPUT", `--token-file is "${path}", which ${what}.`, { hint });
}
