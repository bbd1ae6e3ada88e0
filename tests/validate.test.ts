/** `orchestrator validate`: every problem of every file in one pass, each with its line, and warnings, which alone are no failure. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const home = scratchDir();
const STEP = "# Orchestrator Guidance\n\nGo on.\n\n# Client Instructions\n\nDo it.\n";
const step = (text: string) => ({ "W/index.md": "# Steps\n1. [Do](a.md)\n", "W/a.md": text });
const front = (text: string) => `---\nproduces:\n  a: string\n---\n${text}`;

async function validate(files: Record<string, string>, ...args: string[]) {
  const workflows = scratchDir();
  writeFiles(workflows, files);
  const env = { HOME: home, XDG_DATA_HOME: join(home, "data") };
  return runBare({ cwd: home, args: ["validate", "--workflows", workflows, ...args], env });
}

/** [what, the files, where the problem is, the line (a directory has none), the way out] */
const DROPPED: [string, Record<string, string>, string, string, string][] = [
  [
    "a step whose path holds a blank",
    { "W/index.md": "# Steps\n1. [Do](a.md)\n2. [Run tests](steps/run tests.md)\n", "W/a.md": STEP },
    "W/index.md:3",
    "2. [Run tests](steps/run tests.md)",
    "<steps/run tests.md>",
  ],
  [
    "a step in a table",
    { "W/index.md": "# Steps\n1. [Do](a.md)\n\n| 2 | [B](b.md) |\n|-|-|\n", "W/a.md": STEP },
    "W/index.md:4",
    "| 2 | [B](b.md) |",
    '"1. [B](b.md)"',
  ],
  ["a second front matter", step(front(front(STEP))), "W/a.md:6", "produces:", "at the top"],
  ["text before the sections", step(`+++\na = 1\n+++\n${STEP}`), "W/a.md:1", "+++", '"---"'],
  ["a pasted heading", step(`${STEP}\n# How to debug\nx\n`), "W/a.md:9", "# How to debug", '"## How to debug"'],
  [
    "a table of routes",
    step(`${STEP}# Routes\n| a | B |\n|-|-|\n\n- otherwise → FINISH\n`),
    "W/a.md:9",
    "| a | B |",
    "→",
  ],
  ["nearly Routes", step(`${STEP}## Routes\n- otherwise → FINISH\n`), "W/a.md:8", "## Routes", '"# Routes"'],
  ["a skill", { ...step(STEP), "S/SKILL.md": "# S\n" }, "S/SKILL.md:1", "", '"S/index.md"'],
  ["another index", { ...step(STEP), "S/INDEX.md": "# S\n" }, "S/INDEX.md:1", "", '"S/index.md"'],
  ["no index", { ...step(STEP), "S/steps/a.md": "# S\n" }, "S/steps/a.md:1", "", '"S/index.md"'],
  [
    "a value that YAML cuts",
    { ...step(STEP), "W/index.md": "---\ndescription: Fix ticket #12 today\n---\n1. [Do](a.md)\n" },
    "W/index.md:2",
    "description: Fix ticket #12 today",
    '"Fix ticket #12 today"',
  ],
  ["long instructions", step(`${STEP}${"- Never.\n".repeat(3_000)}`), "W/a.md:5", "# Client Instructions", "Divide"],
];

test.each(DROPPED)("%s is a problem with its line and the way out", async (_, files, place, line, way) => {
  const { code, stdout } = await validate(files);
  expect(code).toBe(1);
  const lines = stdout.split("\n");
  const [, ...below] = lines.slice(lines.findIndex((each) => each.startsWith(`  ${place} `)));
  if (line) expect(below.shift()).toBe(`    | ${line}`);
  expect(below[0]).toStartWith("    ");
  expect(below[0]).toContain(way);
});

test("all problems of all files are shown at once", async () => {
  const all = Object.assign({}, ...DROPPED.map(([, files], at) => renamed(files, `W${at}`, `S${at}`)));
  const { code, stdout } = await validate(all);
  expect(code).toBe(1);
  for (const [at, [, , place]] of DROPPED.entries())
    expect(stdout).toContain(`\n  ${place.replace(/^([WS])\//, `$1${at}/`)} `);
  expect(stdout).toContain(`    | ${DROPPED[0]?.[3]}`);
});

function renamed(files: Record<string, string>, workflow: string, other: string): Record<string, string> {
  const entries = Object.entries(files).map(([path, text]) => [
    path.replace(/^W\//, `${workflow}/`).replace(/^S\//, `${other}/`),
    text,
  ]);
  return Object.fromEntries(entries);
}

test("what is legal but odd is a warning, which alone is no failure", async () => {
  const files = workflowFiles("ODD", { One: { routes: ["otherwise → FINISH"] }, Two: {} });
  const { code, stdout } = await validate(files);
  expect(code).toBe(0);
  expect(stdout).toBe(
    `ODD: ok, 1 warning\n  ODD/index.md:10 STEP_UNREACHABLE: Nothing leads to the step "Two"\n    | 2. [Two](steps/two.md)\n    Let a route or "next" of another step name it, or remove it\n`,
  );
  const [verdict] = JSON.parse((await validate(files, "--json")).stdout);
  expect(verdict).toMatchObject({ name: "ODD", valid: true, problems: [], warnings: [{ code: "STEP_UNREACHABLE" }] });
});

test("what a person must approve is named, and a wrong approval is a problem in its line", async () => {
  const steps = {
    Build: { extras: ["next: Deploy"] },
    Deploy: { extras: ["approval: {show: changes}", "next: FINISH"] },
  };
  const files = workflowFiles("RELEASE", steps);
  expect(await validate(files)).toMatchObject({
    code: 0,
    stdout: "RELEASE: ok\n  a person must approve Deploy\n",
  });
  expect(JSON.parse((await validate(files, "--json")).stdout)).toMatchObject([{ approvals: ["Deploy"] }]);
  const { code, stdout } = await validate(step(`---\napproval:\n  show: change\n---\n${STEP}`));
  expect(code).toBe(1);
  expect(stdout).toContain(
    '  W/a.md:3 APPROVAL_INVALID: "show" names "change", which is neither "changes" nor a context key\n    | show: change\n    Did you mean "changes"?',
  );
});

test("The directory of a workflow, named as the directory of workflows, is told from an empty one", async () => {
  const inside = await validate({ "index.md": "# Steps\n1. [Do](a.md)\n", "a.md": STEP });
  expect(inside).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Looked in [^\n]+\n$/) });
  expect(inside.stdout).toContain("index.md:1 INDEX_MISPLACED");
  expect(inside.stdout).toContain("Name the directory above");
  const empty = await validate({ "notes.txt": "" });
  expect(empty).toMatchObject({ code: 0, stdout: "" });
  expect(empty.stderr).toMatch(/^There is no workflow\. Looked in /);
  expect((await validate({ ...step(STEP), "index.md": "# All workflows\n- [W](W/index.md)\n" })).code).toBe(0);
});

test("Problems stand alone: no line of the log is printed beside them, unless it was asked for", async () => {
  const { stderr } = await validate(step(`${STEP}# More\n`));
  expect(stderr).toMatch(/^Looked in [^\n]+\n$/);
});
