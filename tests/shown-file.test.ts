/** What a person is shown of a file: its bytes' digest, and its text if it is one. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_SHOWN_BYTES } from "../src/approval.ts";
import { shownFile } from "../src/checks/shown-file.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const project = scratchDir();
const outside = scratchDir();
writeFiles(outside, { "secret.txt": "secret\n", "dir/x": "x\n" });
writeFiles(project, { "docs/a.md": "# a\n", empty: "" });
symlinkSync("docs/a.md", join(project, "inside"));
symlinkSync(join(outside, "secret.txt"), join(project, "out"));
symlinkSync(join(outside, "dir"), join(project, "outdir"));
symlinkSync("loop", join(project, "loop"));
Bun.spawnSync(["mkfifo", join(project, "pipe")]);

const write = (name: string, bytes: string | Buffer) => writeFileSync(join(project, name), bytes);
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");
const changed = (name: string) => statSync(join(project, name)).mtime.toISOString();

const halved = Buffer.from("é".repeat(MAX_SHOWN_BYTES)).subarray(1, MAX_SHOWN_BYTES + 2);

test.each<[string, string | Buffer, { text?: string; bytes?: number }]>([
  ["words", "# ä\r\n", { text: "# ä\r\n" }],
  ["nothing in it", "", { text: "" }],
  ["a mark of the byte order", "\uFEFFa", { text: "\uFEFFa" }],
  ["as much as may be shown", "a".repeat(MAX_SHOWN_BYTES), { text: "a".repeat(MAX_SHOWN_BYTES) }],
  ["more", "a".repeat(MAX_SHOWN_BYTES + 1), { text: "a".repeat(MAX_SHOWN_BYTES), bytes: MAX_SHOWN_BYTES + 1 }],
  [
    "a character across the cut",
    `a${"é".repeat(MAX_SHOWN_BYTES / 2)}`,
    { text: `a${"é".repeat(MAX_SHOWN_BYTES / 2 - 1)}`, bytes: MAX_SHOWN_BYTES + 1 },
  ],
  ["no UTF-8", Buffer.from([0x61, 0xff]), {}],
  ["half a character", halved, {}],
  ["half a character at its end", Buffer.from([0x61, 0xc3]), {}],
  ["a NUL", "a\0b", {}],
  ["a NUL far behind what is shown", `${"a".repeat(3_000_000)}\0`, {}],
])("a file with %s", async (_name, bytes, shown) => {
  write("file", bytes);
  const found = await shownFile({ project }, "file");
  expect(found).toEqual({ what: "file", digest: sha256(bytes), changed_at: changed("file"), ...shown });
});

test("a link that stays inside is followed", async () => {
  expect(await shownFile({ project }, "inside")).toMatchObject({
    what: "inside",
    digest: sha256("# a\n"),
    text: "# a\n",
  });
});

test("the digest is another one when the bytes behind what is shown are", async () => {
  write("long", "a".repeat(5_000_000));
  const first = await shownFile({ project }, "long");
  write("long", `${"a".repeat(4_999_999)}b`);
  const next = await shownFile({ project }, "long");
  expect(next.text).toBe(first.text ?? "");
  expect(next.digest).not.toBe(first.digest);
});

describe("is a fault, and no digest:", () => {
  test.each([
    ["none", `none is missing in ${project}`],
    ["docs", "docs is a directory"],
    ["docs/a.md/x", `docs/a.md/x is missing in ${project}`],
    ["out", "out leads out of the project by a symbolic link"],
    ["outdir/x", "outdir/x leads out of the project by a symbolic link"],
    ["../secret.txt", "../secret.txt leads out of the project"],
    [join(outside, "secret.txt"), `${join(outside, "secret.txt")} leads out of the project`],
    ["loop", "loop is a loop of symbolic links"],
    ["pipe", "pipe is no regular file"],
  ])("%s", async (path, fault) => {
    expect(await shownFile({ project }, path)).toEqual({ what: path, digest: null, fault });
  });

  test("a file that became a link or a pipe between two looks", async () => {
    mkdirSync(join(project, "d"));
    write("d/f", "f\n");
    expect((await shownFile({ project }, "d/f")).digest).toBe(sha256("f\n"));
    renameSync(join(project, "d"), join(project, "was"));
    symlinkSync(outside, join(project, "d"));
    writeFiles(outside, { f: "f\n" });
    expect((await shownFile({ project }, "d/f")).fault).toBe("d/f leads out of the project by a symbolic link");
  });
});
