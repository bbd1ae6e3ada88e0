/** Definitions that nobody would write: whatever stands in the files, the parser answers, and at once. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EMBEDDED_WORKFLOWS } from "../../src/markdown/embedded.ts";
import { INDEX_KEYS, STEP_KEYS } from "../../src/markdown/extra-keys.ts";
import { memoryFiles } from "../../src/markdown/files.ts";
import { linkWorkflows } from "../../src/markdown/linked-workflows.ts";
import { parseWorkflow } from "../../src/markdown/parse-workflow.ts";
import { JUDGES } from "../support/judges.ts";
import { problemsOf, STEP } from "./support.ts";

/** Longest that a single parse may take, in milliseconds, on a machine that does something else as well. */
const MAX_PARSE_MS = 2_000;
/** Time for each property; a counterexample is printed with its seed. */
const BUDGET = { numRuns: 100_000, interruptAfterTimeLimit: 1_200, markInterruptAsFailure: false };

const KEYS = [...STEP_KEYS, ...INDEX_KEYS, "nxt", "__proto__"];
const BELOW = [
  ...["run", "command", "file", "changed", "timeout", "shell", "type", "properties", "required", "$ref"],
  ...["every", "at_most", "while_exit", "after", "then"],
  ...["ask", "show", "expires", "denied"],
];
const VALUES = [
  ...[
    "A",
    "FINISH",
    "FAIL",
    "[A, B]",
    "[]",
    "{}",
    "true",
    "3",
    "-1",
    "1e999",
    ".nan",
    "~",
    "''",
    "integer",
    "exit_code",
    "30s",
    "0s",
    "10 m",
    "{every: 30s, at_most: 1h, while_exit: [8]}",
    "{after: 2h, then: A}",
    "{x: exit_code}",
    "bun test",
    "changes",
    "[context.x, a.md, changes]",
    "{ask: 'Go to {{ context.x }}?', show: changes, expires: 1d, denied: A}",
    "{a: 1}",
    "./p",
    "[./p, A]",
    "context.x",
    "{a: context.x, b: item}",
    "[1, {a: [b]}]",
  ],
  ...[
    "a | b",
    "{{ context.x }}",
    "{{file:part.md}}",
    "\\{{file:part.md}}",
    "../x",
    "/x",
    "'**'",
    "src/**",
    "${",
    "echo 'x",
  ],
  ...[
    "#",
    "'",
    '"',
    "[",
    "{",
    "]",
    "}",
    "|",
    ">",
    ">-",
    "&a [*a]",
    "*a",
    "&a x",
    "!!js x",
    "!x",
    "? x",
    "%x",
    "@x",
    "`x`",
  ],
  ...['"\\0"', '"\\x"', "0x10", "2026-01-01", "yes", "=", "<<", "a: b", "a:b", "- a", "- - a", "x # y", "\u2028", "ü"],
];
const LONG = [
  "[",
  "{",
  "- ",
  "? ",
  "{a: ",
  "&a ",
  "!",
  "a: ",
  "'",
  "\n",
  "]",
  "#",
  "x",
  "%a\n",
  "- {run: a}\n",
  "k: {anyOf: [{}]}\n",
];
const indent = fc.constantFrom("", "", "  ", "    ", "\t", " ", "- ", "  - ");
const key = fc.constantFrom(...KEYS, ...BELOW);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...LONG), fc.integer({ min: 2, max: 6000 })).map(([text, n]) => text.repeat(n)),
  },
);
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(indent, key, value).map(([before, name, text]) => `${before}${name}: ${text}`) },
  { weight: 2, arbitrary: fc.tuple(indent, key).map(([before, name]) => `${before}${name}:`) },
  { weight: 1, arbitrary: fc.tuple(indent, value).map(([before, text]) => before + text) },
  { weight: 1, arbitrary: fc.constantFrom("---", "...", "", "--- x", "{{file:part.md}}", "{{file:none.md}}") },
);
const yaml = fc.array(line, { maxLength: 12 }).map((all) => all.join("\n"));
const lineEnd = fc.constantFrom("\n", "\n", "\n", "\r\n", "\r");
const frontMatter = fc
  .tuple(yaml, fc.constantFrom("---\n", "---\n", "\uFEFF---\n", "--- \n", "\n---\n", ""), fc.boolean(), lineEnd)
  .map(([text, open, closed, end]) => `${open}${text}\n${closed ? "---\n" : ""}`.replaceAll("\n", end));

const ROUTES = [
  "- `approval.denied` → A",
  "- otherwise → A",
  "- `visits > 1` → B",
  "- `report.` → FINISH",
  "- → A",
  "- otherwise -> C",
  "`x` → A",
];
const routes = fc.array(fc.constantFrom(...ROUTES, "{{file:part.md}}", "- {{file:part.md}}"), { maxLength: 4 });
const BRANCHED = "# Orchestrator Guidance\nGo on.\n";
const sections = fc.constantFrom(STEP, STEP, BRANCHED, `${BRANCHED}# Join Instructions\nCombine.\n`);
const stepText = fc
  .tuple(frontMatter, sections, routes)
  .map(([front, text, items]) => `${front}${text}${items.length > 0 ? `# Routes\n${items.join("\n")}\n` : ""}`);

test("front matter, routes and includes of any kind are answered at once", () => {
  const files = fc.record({
    "W/index.md": frontMatter.map((front) => `${front}# Goal\nGo.\n# Steps\n- [A](a.md)\n- [B](b.md)\n`),
    "W/a.md": stepText,
    "W/b.md": stepText,
    "W/part.md": fc.oneof(yaml, frontMatter, fc.constantFrom(...VALUES)),
    "W/p/index.md": frontMatter.map((front) => `${front}- [A](../a.md)\n`),
  });
  fc.assert(
    fc.property(files, (texts) => answers("W", texts)),
    BUDGET,
  );
});

type Edit = { at: number; kind: "delete" | "duplicate" | "insert" | "cut"; text: string; lines: boolean };
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom("delete", "duplicate", "insert", "cut"),
  text: fc.oneof(line, value, fc.constantFrom(...ROUTES, "# Routes", "```", "[A](", "- [A](../x.md)", "---")),
  lines: fc.boolean(),
});

/** With good front matter, so that there is something to spoil. */
const FRONT_MATTER =
  "---\nnext: FINISH\nproduces:\n  code: {type: integer, minimum: 0}\nchecks:\n  - run: bun test\n    timeout: 60\n  - file: a.md\nmax_visits: 3\n---\n";

test.each([...new Set(Object.keys(EMBEDDED_WORKFLOWS).map((path) => path.split("/")[0] ?? ""))])(
  "%s with anything deleted, doubled or put in is answered at once",
  (name) => {
    const paths = Object.keys(EMBEDDED_WORKFLOWS).filter((path) => path.startsWith(`${name}/`));
    const edits = fc.tuple(fc.constantFrom(...paths), fc.array(edit, { minLength: 1, maxLength: 8 }), fc.boolean());
    fc.assert(
      fc.property(edits, ([path, changes, withFrontMatter]) => {
        const original = EMBEDDED_WORKFLOWS[path] ?? "";
        const start = withFrontMatter && !original.startsWith("---") ? FRONT_MATTER + original : original;
        answers(name, { ...EMBEDDED_WORKFLOWS, [path]: changes.reduce(apply, start) });
      }),
      { ...BUDGET, interruptAfterTimeLimit: 350 },
    );
  },
);

function apply(text: string, { at, kind, text: more, lines }: Edit): string {
  const parts = lines ? text.split("\n") : [...text];
  const index = Math.floor(at * parts.length);
  const rest = kind === "delete" ? parts.slice(index + 1) : parts.slice(index);
  const middle = { delete: [], cut: [], duplicate: parts.slice(index, index + 1), insert: [more] }[kind];
  return [...parts.slice(0, index), ...middle, ...(kind === "cut" ? [] : rest)].join(lines ? "\n" : "");
}

function answers(name: string, texts: Record<string, string>): void {
  const started = performance.now();
  const result = parseWorkflow(name, memoryFiles(texts), JUDGES);
  linkWorkflows(new Map([[name, { result, trusted: true }]]));
  expect(performance.now() - started).toBeLessThan(MAX_PARSE_MS);
  for (const { code, file, line: at, message, hint } of problemsOf(result)) {
    expect(code).not.toBe("PARSER_FAILED");
    expect(message && hint).toBeTruthy();
    expect(message).not.toContain("\n");
    expect(at).toBeWithin(1, (texts[file] ?? "").split(/\r\n?|\n/).length + 2);
  }
}

/** Pieces of a step and of an index, each with a mark of its own, by which the piece is found again. */
const MARKED: ((mark: string) => string)[] = [
  (mark) => `- ${mark}`,
  (mark) => `  - ${mark}`,
  (mark) => `1. \`visits > 1\` → ${mark}`,
  (mark) => `- otherwise → ${mark}`,
  (mark) => `- [${mark}](a.md)`,
  (mark) => `- [${mark}](a b.md)`,
  (mark) => `- [${mark}] (a.md)`,
  (mark) => `- [${mark}][none]`,
  (mark) => `# ${mark}`,
  (mark) => `## ${mark}`,
  (mark) => `${mark}\n===`,
  (mark) => `produces:\n  ${mark}: string`,
  (mark) => `---\nproduces:\n  ${mark}: string\n---`,
  (mark) => `+++\n${mark} = 1\n+++`,
  (mark) => `---\n${mark}: 1\n---`,
  (mark) => `| ${mark} |\n|-|`,
];

/** Pieces of a server step's front matter: names that an author gives, and keys of the format that stand where they should not. */
const MARKED_KEYS: typeof MARKED = [
  (mark) => `sets:\n  ${mark}: exit_code`,
  (mark) => `sets: {x: ${mark}}`,
  (mark) => `  ${mark}: milliseconds`,
  (mark) => `  timeout: ${mark}`,
  (mark) => `deadline: {after: 2h, then: ${mark}}`,
  (mark) => `until_passes: {every: 1s, at_most: 2s, ${mark}: 1}`,
  (mark) => `until_passes: {every: 1s, at_most: 2s, while_exit: ${mark}}`,
  (mark) => `run: ${mark} --all`,
  (mark) => `run: [${mark}, b]`,
  (mark) => `run: {command: ${mark}}`,
  (mark) => `run: {command: test, ${mark}: 1}`,
  (mark) => `wait: ${mark}`,
  (mark) => `${mark}: 10m`,
  (mark) => `produces:\n  ${mark}: string`,
  (mark) => `checks:\n  - run: ${mark}`,
  (mark) => `approval: ${mark}`,
  (mark) => `approval: {ask: 'Go, ${mark}?'}`,
  (mark) => `approval: {show: [context.${mark}, ${mark}.md], denied: B}`,
  (mark) => `approval: {denied: ${mark}}`,
  (mark) => `  ask: ${mark}?`,
  (mark) => `  ${mark}: changes`,
  (mark) => `next: ${mark}`,
  (mark) => `max_visits: ${mark}`,
];

/** The same of a branch step's. */
const MARKED_BRANCHES: typeof MARKED = [
  (mark) => `uses: ${mark}`,
  (mark) => `uses: [X, ${mark}]`,
  (mark) => `uses: ./${mark}`,
  (mark) => `each: context.${mark}`,
  (mark) => `each: [1, {a: ${mark}}]`,
  (mark) => `each: ${mark}`,
  (mark) => `as: ${mark}`,
  (mark) => `with: {${mark}: context.x}`,
  (mark) => `with: {x: context.${mark}}`,
  (mark) => `  ${mark}: item`,
  (mark) => `max_parallel: context.${mark}`,
  (mark) => `fail_fast: ${mark}`,
  (mark) => `into: ${mark}`,
  (mark) => `---\n# ${mark}\n---`,
];

/** Good lines with some pieces put in between them: what is not accepted is a problem, what is accepted is not lost. */
const putIn = (pieces: typeof MARKED, good: string) =>
  fc
    .array(fc.tuple(fc.nat(good.split("\n").length), fc.constantFrom(...pieces), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => {
      const lines = good.split("\n");
      all.forEach(([at, piece, apart], index) => {
        const text = piece(`Mark${index}x`);
        lines.splice(at, 0, apart ? `\n${text}\n` : text);
      });
      return lines.join("\n");
    });

const GOOD_INDEX = "# W\n## Goal\ng\n## Steps\n- [A](a.md)\n- [B](b.md)\n\nA note.\n";

test("every list item, key and heading of a step is in the workflow, or in a problem", () => {
  const front = "---\nsections: [Own]\nmax_visits: 3\n---\n";
  const rest = `# Goal\nx\n${STEP}- an item\n\n# Routes\n- \`visits > 2\` → A\n- otherwise → B\n# Own\nx\n`;
  fc.assert(
    fc.property(putIn(MARKED, rest), (body) => {
      const text = front + body;
      expect(lost({ "W/index.md": GOOD_INDEX, "W/a.md": text, "W/b.md": STEP }, text)).toEqual([]);
    }),
    BUDGET,
  );
});

test.each([
  ["a server step", "run:\n  run: make\nsets:\n  code: exit_code\nnext: B\nmax_visits: 3"],
  ["a step with a deadline", "deadline:\n  after: 2h\nwait: 1m\nmax_visits: 3"],
  ["a step with an approval", "approval:\n  ask: Go on?\n  show: [changes]\nmax_visits: 3"],
  ["any step", "max_visits: 3"],
])("every key and name in the front matter of %s is in the workflow, or in a problem", (_, good) => {
  fc.assert(
    fc.property(putIn(MARKED_KEYS, good), (front) => {
      const text = `---\n${front}\n---\n${STEP}`;
      expect(lost({ "W/index.md": GOOD_INDEX, "W/a.md": text, "W/b.md": STEP }, text)).toEqual([]);
    }),
    { ...BUDGET, interruptAfterTimeLimit: 500 },
  );
});

test.each([
  ["uses: X\nwith:\n  a: context.x\nnext: B", BRANCHED],
  ["uses: X\neach: context.x\nnext: B", `${BRANCHED}# Join Instructions\nCombine.\n`],
  ["as: x\nnext: B", BRANCHED],
  ["next: B", BRANCHED],
])("every key and name of a branch step is in the workflow, or in a problem: %j", (good, text) => {
  fc.assert(
    fc.property(putIn(MARKED_BRANCHES, good), (front) => {
      const step = `---\n${front}\n---\n${text}`;
      expect(lost({ "W/index.md": GOOD_INDEX, "W/a.md": step, "W/b.md": STEP }, step)).toEqual([]);
    }),
    { ...BUDGET, interruptAfterTimeLimit: 400 },
  );
});

test("every list item among the steps of an index is in the workflow, or in a problem", () => {
  fc.assert(
    fc.property(putIn(MARKED.slice(0, 8), "- [A](a.md)\n- [B](b.md)\n\n- [C](a.md)\n"), (items) => {
      // What is nested below an item is a note, unless it is a link.
      const text = items.replace(/^\s+- \w+$/gm, "");
      expect(lost({ "W/index.md": `# Steps\n${text}`, "W/a.md": STEP, "W/b.md": STEP }, text)).toEqual([]);
    }),
    BUDGET,
  );
});

/** The marks of the text that a workflow without problems has lost. */
function lost(files: Record<string, string>, text: string): string[] {
  const result = parseWorkflow("W", memoryFiles(files), JUDGES);
  if (!result.ok) return [];
  const workflow = JSON.stringify(result.workflow);
  return [...text.matchAll(/Mark\dx/g)].map(([mark]) => mark).filter((mark) => !workflow.includes(mark));
}
