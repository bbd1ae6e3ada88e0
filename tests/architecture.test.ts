/** Holds what docs/architecture_and_data_model.md says of the house: which room may import which. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const SRC = join(import.meta.dir, "../src");

/** The nouns: files at the root that hold types and pure rules, and the folder of the kinds of checks. */
const NOUNS = [
  "json",
  "report",
  "workflow",
  "decision",
  "turn",
  "instance",
  "store",
  "overview",
  "branch",
  "decider",
  "project",
  "upkeep",
  "pin",
  "approval",
  "reckoner",
  "template",
  "agent",
  "check",
  "check-kinds",
  "attempt",
  "assumption",
  "run-files",
  "notice",
  "hook",
  "command-words",
  "near-name",
  "written",
  "path-settings",
  "check-settings",
  "schema",
  "page",
];

/** Layers from the ground up. A room imports only rooms of lower layers, and files of its own folder. */
const LAYERS: string[][] = [
  ["words"],
  ["errors", "log"],
  NOUNS,
  ["rules", "work"],
  [
    "markdown",
    "sqlite",
    "routes",
    "liquid",
    "git",
    "openai",
    "schemas",
    "checks",
    "clients",
    "hooks",
    "engine",
    "graph",
  ],
  ["mcp"],
  ["http", "dashboard"],
  ["config"],
  ["app"],
  ["demo"],
  ["cli"],
  ["main"],
];

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.tsx?$/.test(name));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^"']*?from\s+["'](\.[^"']+)["']/gm)].map((found) =>
    normalize(join(dirname(file), found[1] ?? "")),
  );
}

/** The room of a file: its folder, or its own name at the root. */
function roomOf(file: string): string {
  return file.split("/")[0]?.replace(/\.tsx?$/, "") ?? file;
}

function layerOf(file: string): number {
  const layer = LAYERS.findIndex((rooms) => rooms.includes(roomOf(file)));
  if (layer < 0) throw new Error(`src/${file} stands in no layer: add its room to tests/architecture.test.ts`);
  return layer;
}

test("imports point one way: to a lower layer, or within a folder", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => /\.tsx?$/.test(target) && roomOf(target) !== roomOf(file))
      .filter((target) => layerOf(target) >= layerOf(file) && !(isNoun(file) && isNoun(target)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("no two files import each other, directly or in a loop", () => {
  const state = new Map<string, "open" | "done">();
  const loops: string[] = [];
  function visit(file: string, trail: string[]): void {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      loops.push([...trail, file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const target of importsOf(file).filter((each) => files.includes(each))) visit(target, [...trail, file]);
    state.set(file, "done");
  }
  for (const file of files) visit(file, []);
  expect(loops).toEqual([]);
});

test("markup is written in the dashboard alone", () => {
  expect(files.filter((file) => file.endsWith(".tsx") && roomOf(file) !== "dashboard")).toEqual([]);
});

test("the environment is read in config.ts alone, and stdout is written at the edge alone", () => {
  const found = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(SRC, file), "utf8")));
  expect(found(/process\.env|Bun\.env|import\.meta\.env/)).toEqual(["config.ts"]);
  expect(found(/console\.|process\.stdout|stdout\b.*=.*process/).sort()).toEqual([
    "cli.ts",
    "config.ts",
    "main.ts",
    "mcp/stdio.ts",
  ]);
  expect(found(/process\.exit\(/)).toEqual(["main.ts"]);
});

function isNoun(file: string): boolean {
  return NOUNS.includes(roomOf(file));
}
