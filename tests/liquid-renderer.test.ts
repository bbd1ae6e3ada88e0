/** Liquid as a step's instructions use it: how values print, what is a fault, what a fault leaves, what is cut, what ends. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createLiquidRenderer } from "../src/liquid/liquid-renderer.ts";
import type { Filled } from "../src/template.ts";

const renderer = createLiquidRenderer();
const x = "x".repeat(200_000);
const many = Array.from({ length: 3_000 }, (_, n) => `item ${n}`);

const CONTEXT = {
  name: "Ann {{ context.n }}",
  n: 3,
  no: false,
  list: [1, "b", null],
  rows: [
    { file: "a.ts", ok: true },
    { file: "b.ts", ok: false },
  ],
  bad: "%zz",
};

function fill(instructions: string, context: object = CONTEXT, mostBytes?: number): Filled {
  const run = { id: "run_1", workflow: "W", visit: 2, files: "/f" };
  const values = { context: { ...context }, checks: ["bun test"], run, assumptions: ["a", "b"], unattended: true };
  return renderer.filler({ instructions }, values)(mostBytes);
}

test.each([
  ["{{ context.name }}", "Ann {{ context.n }}"],
  [
    "{{ context.list }} {{ context.rows[0] }} {{ context.n }} {{ context.no }}",
    '[1,"b",null] {"file":"a.ts","ok":true} 3 false',
  ],
  ["[{{ context.none }}{{ context.none.deeper }}{{ item }}]", "[]"],
  ['{{ context.none | default: "nothing" }}', "nothing"],
  ["{{ context.rows | raw }}", '[{"file":"a.ts","ok":true},{"file":"b.ts","ok":false}]'],
  ["{{ run.id }} {{ run.workflow }} {{ run.visit }} {{ checks }}", 'run_1 W 2 ["bun test"]'],
  ["{% if unattended %}alone: {% endif %}{{ assumptions | join: '; ' }}", "alone: a; b"],
  ["{% for row in context.rows %}{{ forloop.index }}. {{ row.file }}\n{% endfor %}", "1. a.ts\n2. b.ts\n"],
  ['{% if checks contains "bun test" %}checked{% else %}not{% endif %}', "checked"],
  ["{% capture c %}[{{ context.rows[1] }}]{% endcapture %}{{ c }}", '[{"file":"b.ts","ok":false}]'],
  ["{% assign n = context.n | plus: 1 %}{% cycle n, 0 %}{% increment k %}{% echo context.list %}", '40[1,"b",null]'],
  ["{% raw %}{{ context.n }}{% endraw %}{% comment %}no{% endcomment %}", "{{ context.n }}"],
  ['{{ context.rows | where: "ok", true | map: "file" | join: ", " }}', "a.ts"],
  ["{{ context.constructor }}{{ context.rows.constructor }}{{ constructor }}", ""],
])("%s prints %s", (text, printed) => {
  expect(fill(text)).toEqual({ text: printed, faults: [] });
});

const FAULTS: [text: string, lines: number[], message: string, hint: string][] = [
  ["a\n{{ context.a | upcas }}", [2], "undefined filter: upcas", '"upcase"'],
  ["{{ context.a | nope }}\n\n{{ context.b | nope }}", [1, 3], "undefined filter: nope", ""],
  [
    "{% if context.a %}\n{{ context.a | nope }}\n{% endif %}\n{{ context.b | nope }}",
    [2, 4],
    "undefined filter: nope",
    "",
  ],
  ["a\n{% if context.a %}", [2], "not closed", "{% raw %}"],
  ["a\n{{ context.a", [2], "not closed", "{% raw %}"],
  ["{% endfor %}", [1], 'tag "endfor" not found', "none is open"],
  ['{% render "a.md" %}', [1], 'tag "render" not found', "{{file:path}}"],
  ["{% include context.a %}", [1], 'tag "include" not found', "{{file:path}}"],
  ['{% layout "a.md" %}', [1], 'tag "layout" not found', "{{file:path}}"],
  ["\n{% block a %}b{% endblock %}", [2], 'tag "block" not found', "{{file:path}}"],
  ['{{ context.a | where_exp: "x", context.b }}', [1], "undefined filter: where_exp", '"where"'],
  ["{{ context.a context.b }}", [1], "side by side", ""],
  ["{% if context.a > %}{% endif %}", [1], "no value", ""],
  ["{% if context.a %}{% elsif context.a context.b %}{% endif %}", [1], "side by side", ""],
  ["{% if context.a = 1 %}{% endif %}", [1], 'expected "|"', ""],
  ["{% for a in context.b | sort %}{% endfor %}", [1], '"| sort" is not understood', ""],
  ["{{ }}", [1], "invalid value", ""],
  ["{{file:a.md}}", [1], 'expected "|"', "{% raw %}"],
  ["a\n{{ contxt.a }}", [2], 'no variable "contxt"', '"context"'],
];

test.each(FAULTS)("%j is a fault with its line", (text, lines, message, hint) => {
  const faults = renderer.faults(text);
  expect(faults.map(({ line }) => line)).toEqual(lines);
  expect(faults[0]?.message).toContain(message);
  expect(faults[0]?.hint).toContain(hint);
});

test.each([
  "{% for a in context.b reversed limit: 2 offset: 1 %}{{ a }}{% else %}none{% endfor %}",
  "{% for a in context.b %}{% if seen %}{{ seen }}{% endif %}{% assign seen = a %}{% endfor %}",
  "{% case context.a %}{% when 1 or 2 %}x{% when 'b', nil %}y{% else %}z{% endcase %}",
  "{% liquid\nassign a = 1\nif a == 1\necho a\nendif\n%}{% # a note %}{%- unless context.a and not context.b -%}{%- endunless -%}",
])("%j has no fault", (text) => {
  expect(renderer.faults(text)).toEqual([]);
});

describe("at run time a fault leaves its place as it was written", () => {
  test.each<[what: string, text: string, printed: string, fault: string]>([
    [
      "a filter's",
      "Hi\n{{ context.bad | url_decode }}, {{ context.n }}",
      "Hi\n{{ context.bad | url_decode }}, 3",
      "line 2 of the instructions, {{ context.bad | url_decode }}: URI error",
    ],
    [
      "one in a loop, named once",
      "{% for i in (1..2) %}{{ i }} {{ context.bad | url_decode }} {% endfor %}.",
      "1 {{ context.bad | url_decode }} 2 {{ context.bad | url_decode }} .",
      "line 1 of the instructions, {{ context.bad | url_decode }}: URI error",
    ],
    [
      "a tag's, with its block",
      "{% assign a = context.bad | url_decode %}[{% if context.bad | url_decode %}a{% endif %}]{{ context.n }}",
      "{% assign a = context.bad | url_decode %}[{% if context.bad | url_decode %}a{% endif %}]3",
      "line 1 of the instructions, {% assign a = context.bad | url_decode %}: URI error",
    ],
    [
      "a range without end",
      "{% for i in (1..context.end) %}{{ i }}{% endfor %}{{ context.n }}",
      "{% for i in (1..context.end) %}{{ i }}{% endfor %}3",
      "line 1 of the instructions, {% for i in (1..context.end) %}: too much work",
    ],
  ])("%s", (_, text, printed, fault) => {
    const filled = fill(text, { ...CONTEXT, end: 1e12 });
    expect(filled.text).toBe(printed);
    expect(filled.faults[0]).toBe(fault);
  });

  test("five are named, the others counted", () => {
    const { faults } = fill("{{ context.bad | url_decode }}\n".repeat(8));
    expect(faults).toHaveLength(6);
    expect(faults.at(-1)).toBe("and 3 more");
  });

  test("a template that is none any more is handed out as it was written", () => {
    expect(fill("Do {{ context.a | gone }}")).toEqual({
      text: "Do {{ context.a | gone }}",
      faults: ["line 1 of the instructions: It is no Liquid template: undefined filter: gone"],
    });
  });
});

describe("too much work ends at its place, and what follows is filled in", () => {
  const nested = Array.from({ length: 30 }).reduce<unknown[]>((inner) => [inner, "x"], many);
  test.each([
    "{% for a in context.many %}{% for b in context.many %}{{ b }}{% endfor %}{% endfor %}",
    "{% for a in context.many %}{% for b in context.many %}{% endfor %}{% endfor %}",
    "{% for a in context.many %}{% if context.many contains a %}x{% endif %}{% endfor %}",
    "{% for a in context.many %}{% if context.many == context.same %}x{% endif %}{% endfor %}",
    "{% for a in context.many %}{% assign b = context.many | sort %}{% endfor %}",
    "{% for a in context.many %}{% assign b = context.nested | append: a %}{% endfor %}",
    "{% for a in context.many %}{% if context.lists contains context.many %}x{% endif %}{% endfor %}",
    "{% for a in context.many %}{% case context.many %}{% when context.same %}x{% endcase %}{% endfor %}",
    "{{ context.many | where: context.many }}",
    "{{ context.many | map: context.x }}",
    "{{ context.many | find: 'a', context.many }}",
    "{{ context.many | join: context.x }}",
    '{{ context.x | replace: "x", context.x }}',
    '{% assign a = "ab" %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
    "{% for a in context.many %}{% capture c %}{{ c }}{{ context.x }}{% endcapture %}{% endfor %}",
    "{{ 'now' | date: context.x }}",
    "{% assign f = '%09999999Y' %}{% for a in context.many %}{{ 'now' | date: f }}{% endfor %}",
    "{% for a in context.many %}{{ 'now' | date: '%A %B %Z' }}{% endfor %}",
    "{% for a in context.many %}{% tablerow b in context.many cols: 1 %}{{ b }}{% endtablerow %}{% endfor %}",
  ])("%s", (text) => {
    const began = performance.now();
    const filled = fill(
      `Before. ${text} {{ context.end }}.`,
      { many, same: [...many], lists: [[...many]], nested, x, end: "Never push" },
      26_000,
    );
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(filled.text).toStartWith("Before. ");
    expect(filled.text).toEndWith(" Never push.");
    expect(filled.faults.join()).toContain("too much work");
  });

  test("a short part of a long text is little", () => {
    expect(fill("{{ context.x | slice: 0, 3 }}", { x })).toEqual({ text: "xxx", faults: [] });
  });

  test("the same text has the same end on every machine", () => {
    const text = "{% for a in context.many %}{% for b in context.many %}{{ b }}{% endfor %}{% endfor %}";
    expect(fill(text, { many })).toEqual(fill(text, { many }));
  });
});

describe("what does not fit is cut", () => {
  test("a value, the author's words never", () => {
    const { text } = fill("Read {{ context.small }} and {{ context.x }}. Never push.", { small: "a.ts", x }, 2_000);
    expect(text).toMatch(
      /^Read a\.ts and x{1500,2000}… \(cut; 200000 characters: .*context\.x whole\)\. Never push\.$/,
    );
    expect(text.length).toBeLessThanOrEqual(2_000);
  });

  test("a loop, at its end", () => {
    const { text } = fill("{% for m in context.many %}- do {{ m }}\n{% endfor %}Never push.", { many }, 3_000);
    expect(text).toMatch(/^- do item 0\n- do item 1\n[\s\S]*… \(cut; the rest of \{% for m [\s\S]*\)Never push\.$/);
    expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThanOrEqual(3_000);
  });

  test("large values in a loop, so that each is begun", () => {
    const { text } = fill("{% for t in context.texts %}{{ t }}\n{% endfor %}", { texts: [x, x, x] }, 9_000);
    expect(text.match(/the values of \{\{ t \}\} whole\)/g)).toHaveLength(3);
  });

  test("never to more than it may have", () => {
    const value = fc.oneof(fc.string({ maxLength: 400 }), fc.array(fc.string(), { maxLength: 20 }), fc.integer());
    const text = "{{context.a}}{% for b in context.b %}{{ b }},{% endfor %}{{context.c | upcase}}{{context.a}}";
    const limit = fc.integer({ min: 0, max: 3_000 });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("a", "b", "c"), value), limit, (context, most) => {
        const bytes = Buffer.byteLength(JSON.stringify(fill(text, context, most).text));
        expect(bytes).toBeLessThanOrEqual(Math.max(most, most / 4 + text.length + 2));
      }),
    );
  });
});

test("no text and no value makes it throw", () => {
  const bits = fc.constantFrom(
    ..."{{ }} {% %} | : , . [ ] ( ) - context a 1 'b' for in if endif endfor assign = == contains capture endcapture liquid case when".split(
      " ",
    ),
    ...[" ", "\n", "context.a", "| join", "(1..3)"],
  );
  const text = fc.array(bits, { maxLength: 25 }).map((parts) => parts.join(" "));
  fc.assert(
    fc.property(text, fc.dictionary(fc.constantFrom("a", "b"), fc.jsonValue()), (instructions, context) => {
      renderer.faults(instructions);
      expect(typeof fill(instructions, context).text).toBe("string");
    }),
    { numRuns: 1_000 },
  );
});
