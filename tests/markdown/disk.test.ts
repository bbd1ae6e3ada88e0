/** Definitions on disk: symbolic links, encodings, and files that cannot be read. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diskFiles } from "../../src/markdown/files.ts";
import { parseWorkflow } from "../../src/markdown/parse-workflow.ts";
import { MAX_DEFINITION_BYTES } from "../../src/workflow.ts";
import { JUDGES } from "../support/judges.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";
import { placesOf, problemsOf, STEP, workflowOf } from "./support.ts";

const INDEX = "- [A](a.md)\n";

/** A definitions directory `defs` beside a directory `outside`. */
function definitions(files: Record<string, string>): { root: string; outside: string } {
  const base = scratchDir();
  writeFiles(join(base, "defs"), files);
  writeFiles(join(base, "outside"), { "W/index.md": INDEX, "W/a.md": STEP, "a.md": STEP });
  return { root: join(base, "defs"), outside: join(base, "outside") };
}

const parseDisk = (root: string) => parseWorkflow("W", diskFiles(root), JUDGES);

describe("symbolic links", () => {
  test("inside the definitions directory are followed", () => {
    const { root } = definitions({
      "W/index.md": `${INDEX}- [B](b.md)\n`,
      "SHARED/s.md": `${STEP}{{file:t.md}}`,
      "W/t.md": "here",
      "SHARED/t.md": "there",
    });
    symlinkSync("../SHARED/s.md", join(root, "W/a.md"));
    symlinkSync(join(root, "SHARED/s.md"), join(root, "W/b.md"));
    expect(workflowOf(parseDisk(root)).steps.map(({ file, instructions }) => [file, instructions])).toEqual([
      ["W/a.md", "Do it.\nhere"],
      ["W/b.md", "Do it.\nhere"],
    ]);
  });

  test("to the definitions directory itself are followed", () => {
    const { root } = definitions({ "W/index.md": INDEX, "W/a.md": STEP });
    symlinkSync(root, `${root}-link`);
    expect(placesOf(parseDisk(`${root}-link`))).toEqual([]);
  });

  test("that lead out of it are refused, for steps, includes, directories and the index", () => {
    const { root, outside } = definitions({
      "W/index.md": `${INDEX}- [B](b.md)\n- [C](dir/a.md)\n`,
      "W/b.md": `${STEP}{{file:x.md}}`,
    });
    for (const name of ["W/a.md", "W/x.md"]) symlinkSync(join(outside, "a.md"), join(root, name));
    symlinkSync(outside, join(root, "W/dir"));
    expect(placesOf(parseDisk(root))).toEqual([
      "STEP_FILE_OUTSIDE W/index.md:1",
      "STEP_FILE_OUTSIDE W/index.md:3",
      "INCLUDE_OUTSIDE W/b.md:5",
    ]);
    const { root: other } = definitions({});
    mkdirSync(other);
    symlinkSync(join(outside, "W"), join(other, "W"));
    expect(placesOf(parseDisk(other))).toEqual(["INDEX_OUTSIDE W/index.md:1"]);
  });

  test("to a directory whose name only begins like the definitions directory's are refused", () => {
    const { root } = definitions({ "W/index.md": INDEX });
    writeFiles(`${root}-old`, { "a.md": STEP });
    symlinkSync(`${root}-old/a.md`, join(root, "W/a.md"));
    expect(placesOf(parseDisk(root))).toEqual(["STEP_FILE_OUTSIDE W/index.md:1"]);
  });

  test("that lead nowhere or in a circle are problems", () => {
    const { root } = definitions({ "W/index.md": `${INDEX}- [B](b.md)\n` });
    symlinkSync("no.md", join(root, "W/a.md"));
    symlinkSync("b.md", join(root, "W/b.md"));
    expect(placesOf(parseDisk(root))).toEqual(["STEP_FILE_MISSING W/index.md:1", "FILE_UNREADABLE W/b.md:1"]);
  });

  test("do not hide a cycle of includes", () => {
    const { root } = definitions({ "W/index.md": INDEX, "W/a.md": `${STEP}{{file:b.md}}` });
    symlinkSync("a.md", join(root, "W/b.md"));
    expect(placesOf(parseDisk(root))).toEqual(["INCLUDE_CYCLE W/a.md:5"]);
  });
});

describe("a file on disk", () => {
  test("may have a byte-order mark and CRLF", () => {
    const { root } = definitions({
      "W/index.md": `\uFEFF# Steps\r\n${INDEX}`,
      "W/a.md": `\uFEFF${STEP.replaceAll("\n", "\r\n")}`,
    });
    expect(workflowOf(parseDisk(root)).steps[0]?.instructions).toBe("Do it.");
  });

  test("that is not UTF-8 is a problem at its first wrong line", () => {
    const { root } = definitions({ "W/index.md": `${INDEX}- [B](b.md)\n`, "W/b.md": `${STEP}{{file:c.txt}}` });
    writeFileSync(join(root, "W/a.md"), Buffer.from(`${STEP}Gr\u00fcn\n`, "latin1"));
    writeFileSync(join(root, "W/c.txt"), Buffer.from("\uFEFFx", "utf16le"));
    const result = parseDisk(root);
    expect(placesOf(result)).toEqual(["NOT_UTF8 W/a.md:5", "NOT_UTF8 W/c.txt:1"]);
    const [first, second] = problemsOf(result);
    expect(first?.message).toContain('Cannot read the step "A"');
    expect(second?.message).toContain("W/b.md → W/c.txt");
  });

  test("that is too large is not read", () => {
    const { root } = definitions({ "W/index.md": INDEX });
    writeFileSync(join(root, "W/a.md"), "");
    truncateSync(join(root, "W/a.md"), 100 * 2 ** 30);
    expect(placesOf(parseDisk(root))).toEqual(["TOO_LARGE W/a.md:1"]);
    writeFileSync(join(root, "W/a.md"), `${STEP}${"x".repeat(MAX_DEFINITION_BYTES)}`);
    expect(placesOf(parseDisk(root))).toEqual(["TOO_LARGE W/a.md:1"]);
  });

  test("that is no regular file is a problem, and nobody waits for it", () => {
    const { root } = definitions({ "W/index.md": `${INDEX}- [B](b.md)\n` });
    mkdirSync(join(root, "W/a.md"));
    Bun.spawnSync(["mkfifo", join(root, "W/b.md")]);
    expect(placesOf(parseDisk(root))).toEqual(["FILE_UNREADABLE W/a.md:1", "FILE_UNREADABLE W/b.md:1"]);
  });

  test("below a file, or with a NUL in its name, is missing", () => {
    const { root } = definitions({ "W/index.md": "- [A](b.md/a.md)\n- [B](b%00.md)\n", "W/b.md": STEP });
    expect(placesOf(parseDisk(root))).toEqual(["STEP_FILE_MISSING W/index.md:1", "STEP_FILE_MISSING W/index.md:2"]);
  });

  test("is found with the nearest name when the link is misspelt", () => {
    const { root } = definitions({
      "W/index.md": "- [A](step/biuld.md)\n",
      "W/steps/build.md": STEP,
      "SHARED/s.md": STEP,
    });
    expect(problemsOf(parseDisk(root))[0]?.hint).toContain('"steps/build.md"');
    writeFiles(root, { "W/index.md": "- [A](at/another/place/s.md)\n" });
    expect(problemsOf(parseDisk(root))[0]?.hint).toContain('Create "W/at/another/place/s.md"');
    writeFiles(root, { "W/index.md": "- [A](at/another/place/build.md)\n" });
    expect(problemsOf(parseDisk(root))[0]?.hint).toContain('"steps/build.md"');
  });
});
