/** The workflows inside the executable: there from source and compiled, wherever it is started. */
import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EMBEDDED_WORKFLOWS } from "../../src/markdown/embedded.ts";
import { createLibrary } from "../../src/markdown/library.ts";
import { JUDGES } from "../support/judges.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";

const ROOT = join(import.meta.dir, "../..");

test("every Markdown file of workflows/ is embedded", () => {
  const files = readdirSync(join(ROOT, "workflows"), { recursive: true, encoding: "utf8" });
  expect(Object.keys(EMBEDDED_WORKFLOWS)).toEqual(files.filter((file) => file.endsWith(".md")).sort());
  expect(files.length).toBeGreaterThan(0);
});

test("every embedded workflow is valid", async () => {
  const { invalid, workflows } = await createLibrary({
    places: [{ texts: EMBEDDED_WORKFLOWS }],
    judges: JUDGES,
  }).catalog();
  expect([...invalid]).toEqual([]);
  expect(workflows.size).toBeGreaterThan(0);
});

test("they are embedded from source and when compiled, whatever the current directory, in one order", () => {
  const dir = scratchDir();
  const files = { "B/steps/ü.md": "ü\n", "A/index.md": "a\r\n", "B/index.md": '"`${b}"\n', "A/notes.txt": "not this" };
  writeFiles(join(dir, "workflows"), files);
  mkdirSync(join(dir, "src/markdown"), { recursive: true });
  for (const file of ["embedded.ts", "embedded.macro.ts"])
    copyFileSync(join(ROOT, "src/markdown", file), join(dir, "src/markdown", file));
  const entry =
    'import { EMBEDDED_WORKFLOWS } from "./markdown/embedded.ts";\nprocess.stdout.write(JSON.stringify(EMBEDDED_WORKFLOWS));\n';
  writeFiles(dir, { "src/main.ts": entry, "elsewhere/workflows/X/index.md": "x" });
  const expected = JSON.stringify({ "A/index.md": "a\r\n", "B/index.md": '"`${b}"\n', "B/steps/ü.md": "ü\n" });
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: join(dir, "elsewhere"), encoding: "utf8" });

  expect(run(process.execPath, join(dir, "src/main.ts"))).toBe(expected);

  const executable = join(dir, "main");
  const flags = ["--compile", "--minify", "--bytecode", "--format=esm"];
  run(process.execPath, "build", ...flags, `--outfile=${executable}`, join(dir, "src/main.ts"));
  writeFiles(join(dir, "workflows"), { "A/index.md": "changed after the build" });
  expect(run(executable)).toBe(expected);
});
