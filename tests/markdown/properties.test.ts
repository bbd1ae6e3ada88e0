/** What holds for any text: the parser answers, its places exist, and the source is never misplaced. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MarkdownError, readMarkdown } from "../../src/markdown/blocks.ts";
import { ENDS } from "../../src/workflow.ts";
import { parse, problemsOf } from "./support.ts";

const PIECES = [
  ...[
    "# ",
    "## ",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "> ",
    "```\n",
    "~~~\n",
    "    ",
    "\t",
    " ",
    "===\n",
    "---\n",
    "|a|b|\n|-|-|\n",
  ],
  ...[
    "[A](a.md)",
    "[B](b.md)",
    "[x]: a.md\n",
    "[x]",
    "![i](i.png)",
    "<div>\n",
    "</div>\n",
    "<!--",
    "-->",
    "*",
    "_",
    "`",
    "\\",
    "&amp;",
  ],
  ...[
    "Goal",
    "Steps\n",
    "Orchestrator Guidance\n",
    "Client Instructions\n",
    "Routes\n",
    "otherwise",
    " → ",
    "->",
    "`visits > 1`",
    "FINISH",
  ],
  ...[
    "{{file:a.md}}",
    "{{file:b.md}}",
    "\\{{file:",
    "{{file:",
    "}}",
    "{{ context.x }}",
    "\r\n",
    "\r",
    "\uFEFF",
    "\0",
    "\u2028",
    "ü",
    "text",
  ],
];
const piecewise = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(""));
const anyText = fc.oneof(
  { weight: 4, arbitrary: piecewise },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
);

test("any text is parsed or has problems, each at a line that exists", () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (index, a, b) => {
      const files: Record<string, string> = { "W/index.md": index, "W/a.md": a, "W/b.md": b };
      const result = parse(files);
      if (result.ok) return;
      expect(result.problems.length).toBeGreaterThan(0);
      for (const { code, file, line, message, hint } of problemsOf(result)) {
        expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
        expect(code).not.toBe("PARSER_FAILED");
        expect(message && hint).toBeTruthy();
        const lines = (files[file] ?? "").split(/\r\n?|\n/).length;
        expect(line).toBeWithin(1, lines + 1);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a workflow of these texts gives what was put in", () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ]{0,20}[A-Za-z]$/).map((text) => text.replace(/ +/g, " "));
  const line = fc.stringMatching(/^[a-z][a-z .,;!?()0-9]{0,40}[a-z]$/);
  const paragraphs = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n\n"));
  const step = fc.record({ name: word, guidance: paragraphs, instructions: paragraphs });
  const steps = fc.uniqueArray(step, { minLength: 1, maxLength: 6, selector: ({ name }) => name });
  fc.assert(
    fc.property(paragraphs, steps, (goal, all) => {
      fc.pre(all.every(({ name }) => !ENDS.includes(name)));
      const list = all.map(({ name }, at) => `${at + 1}. [${name}](${at}.md)`).join("\n");
      const files: Record<string, string> = { "W/index.md": `# Goal\n${goal}\n# Steps\n${list}\n` };
      all.forEach(({ guidance, instructions }, at) => {
        files[`W/${at}.md`] = `# Orchestrator Guidance\n${guidance}\n# Client Instructions\n\n${instructions}`;
      });
      const result = parse(files);
      expect(problemsOf(result)).toEqual([]);
      if (!result.ok) return;
      expect(result.workflow.goal).toBe(goal);
      const found = result.workflow.steps.map(({ name, guidance, instructions }) => ({ name, guidance, instructions }));
      expect(found).toEqual(all);
    }),
    { numRuns: 300 },
  );
});

test("blocks cover the text without gap or overlap, so that sections are cut where they end", () => {
  fc.assert(
    fc.property(anyText, (raw) => {
      const text = raw.replace(/\r\n?/g, "\n");
      const { blocks } = readOrNothing(text);
      let at = 0;
      for (const { token, start, end, line } of blocks) {
        expect(start).toBe(at);
        expect(line).toBe(text.slice(0, start).split("\n").length);
        // marked turns a lone space at the end into a line break: the same length, so nothing is misplaced.
        expect(text.slice(start, end).replace(/\s/g, "")).toBe(token.raw.replace(/\s/g, ""));
        at = end;
      }
      if (blocks.length > 0) expect(at).toBe(text.length);
    }),
    { numRuns: 3000 },
  );
});

function readOrNothing(text: string) {
  try {
    return readMarkdown(text);
  } catch (error) {
    if (error instanceof MarkdownError) return { blocks: [] };
    throw error;
  }
}
