/** What holds for every kind of check, one that is added included. */
import { expect, test } from "bun:test";
import { Check, kindOf } from "../src/check.ts";
import { KINDS } from "../src/check-kinds/kinds.ts";
import { parse, STEP, workflowOf } from "./markdown/support.ts";

test.each(KINDS.map((kind) => [kind.example, kind] as const))(
  "%s is what it says, and is stored as it is",
  (example, kind) => {
    const files = {
      "W/index.md": "# Workflow Goal\nG\n# Steps\n1. [A](a.md)\n",
      "W/a.md": `---\nchecks:\n  - ${example}\n---\n${STEP}`,
    };
    const [check] = workflowOf(parse(files)).steps[0]?.checks ?? [];
    if (!check) throw new Error("there is no check");
    expect(kindOf(check)).toBe(kind);
    expect(kindOf(check).subject(check)).toBe(example.slice(example.indexOf(": ") + 2));
    expect(Check.parse(JSON.parse(JSON.stringify(check)))).toEqual(check);
  },
);
