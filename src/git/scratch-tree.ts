/** Trees in a scratch: how files stood, under one id, and what differs between two. */
import { join } from "node:path";
import { quoted } from "./content-ids.ts";
import type { Scratch } from "./scratch.ts";
import { split } from "./shown-paths.ts";

export interface TreeEntry {
  mode: string;
  id: string;
}

/** By path, one byte a character. */
export async function writeTree(entries: ReadonlyMap<string, TreeEntry>, scratch: Scratch): Promise<string> {
  const lines = [...entries].map(([path, { mode, id }]) => `${mode} ${id}\t${path}\0`);
  return scratch.within(async (scrap) => {
    const variables = { GIT_INDEX_FILE: join(scrap, "index") };
    const input = Buffer.from(lines.join(""), "latin1");
    await scratch.git(["update-index", "-z", "--index-info"], { variables, input });
    const printed = await scratch.git(["write-tree", "--missing-ok"], { variables });
    return printed.toString("latin1").trim();
  });
}

/** The ids of two trees. */
export interface Trees {
  before: string;
  now: string;
}

/** A file that differs; null on the side where it is not. */
export interface Difference {
  path: string;
  old: string | null;
  new: string | null;
}

const NONE = /^0+$/;
const GITLINK = "160000";

/** Rejects if one of the trees is not kept any more. */
export async function differences({ before, now }: Trees, { git }: Scratch): Promise<Difference[]> {
  const fields = split(await git(["diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", before, now]));
  const found: Difference[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [oldMode, newMode, old = "", fresh = ""] = (fields[at] ?? "").slice(1).split(" ");
    const idOf = (id: string, mode: string | undefined) => (NONE.test(id) || mode === GITLINK ? null : id);
    found.push({ path: fields[at + 1] ?? "", old: idOf(old, oldMode), new: idOf(fresh, newMode) });
  }
  return found;
}

/**
 * Brings objects of the project's repository to the scratch. They are named by their bytes on the way: another content
 * that somebody put in the place of one counts as missing. Rejects if one is not there.
 */
export async function bringObjects(ids: string[], objects: string, { git, within }: Scratch): Promise<void> {
  const input = lines(ids);
  const told = (await git(["cat-file", "--batch-check"], { input })).toString("latin1").split("\n");
  const missing = told.flatMap((line) => /^(\w+) missing$/.exec(line)?.[1] ?? []);
  if (missing.length === 0) return;
  await within(async (scrap) => {
    const pack = join(scrap, "brought");
    const variables = { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects) };
    const args = ["pack-objects", "--quiet", "--window=0", "--threads=1", pack];
    const name = (await git(args, { variables, input: lines(missing) })).toString("latin1").trim();
    await git(["index-pack", "--stdin"], { input: Bun.file(`${pack}-${name}.pack`) });
  });
}

function lines(ids: string[]): Buffer {
  return Buffer.from([...new Set(ids)].map((id) => `${id}\n`).join(""));
}
