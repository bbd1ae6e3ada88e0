/** Work of unknown length that is done for data: it is counted, ends, and says so if it is too much. */
import { describe, expect, test } from "bun:test";
import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import type { JsonObject } from "../src/json.ts";
import { celFacts, compileExpression } from "../src/routes/expression.ts";
import { createRoutesDecider } from "../src/routes/routes-decider.ts";
import { objectOf } from "../src/schema.ts";
import { createAjvSchemaJudge } from "../src/schemas/ajv-judge.ts";
import { fillTemplate } from "../src/template.ts";
import { createMeter, TooMuchWork } from "../src/work/meter.ts";
import { compilePattern } from "../src/work/pattern.ts";
import { sampleQuestion } from "./support/question.ts";

const approval = { denied: false, comment: "" };
const upTo = (length: number) => Array.from({ length }, (_, index) => index);
const json = JSON.stringify(Object.fromEntries(upTo(5_000).map((n) => [`k${n}`, n])));
const half = `${"ab".repeat(20_000)}ba`;

/** What the work may take on a busy machine; without a budget each case takes minutes, or all memory. */
const MOST_MS = 3_000;

function evaluate(text: string, context: JsonObject, units = 1_000_000): unknown {
  const facts = celFacts({ report: { status: "success" }, context, visits: 2, step: {}, unattended: false, approval });
  return compileExpression(text)(facts, createMeter(units));
}

describe("an expression that is too much work ends", () => {
  const bound = (times: number, each: (inner: string) => string) =>
    upTo(times).reduce((inner) => each(inner), "a == b");
  const cases: [what: string, expression: string, context: JsonObject][] = [
    [
      "a pass within a pass within a pass",
      "context.l.all(a, context.l.all(b, context.l.all(c, a + b + c >= 0)))",
      { l: upTo(1_000) },
    ],
    ["errors in a pass within a pass", "context.l.exists(a, context.l.exists(b, a.none == b))", { l: upTo(5_000) }],
    [
      "a long expression's errors",
      `context.l.all(a, ${Array(400).fill("context.none == 1").join(" || ")})`,
      { l: upTo(50_000) },
    ],
    ["lists of lists of lists", "context.l.map(a, context.l.map(b, context.l)) == []", { l: upTo(5_000) }],
    [
      "texts joined to gigabytes",
      "context.l.map(a, context.t).join('') == ''",
      { l: upTo(50_000), t: "x".repeat(100_000) },
    ],
    [
      "a long text measured for each item",
      "context.l.all(a, (context.t + 'x').size() > 0)",
      { l: upTo(50_000), t: "x".repeat(100_000) },
    ],
    [
      "a long text searched for each item",
      "context.l.exists(a, context.t.contains(context.h))",
      { l: upTo(1_000), t: "ab".repeat(50_000), h: half },
    ],
    [
      "lists sought in a list",
      "context.l.all(a, !([a] in context.m))",
      { l: upTo(20_000), m: upTo(20_000).map((n) => [-n - 1]) },
    ],
    [
      "long lists compared for each item",
      "context.l.exists(a, context.j == context.k)",
      { l: upTo(50_000), j: upTo(50_000), k: [...upTo(49_999), -1] },
    ],
    [
      "a large object counted for each item",
      "cel.bind(j, bytes(context.t).json(), context.l.all(a, j.size() > 0))",
      { l: upTo(50_000), t: json },
    ],
    [
      "a text doubled forty times",
      `cel.bind(a, 'x', ${bound(40, (inner) => `cel.bind(a, a + a, ${inner.replace("a == b", "a.size() > 0")})`)})`,
      {},
    ],
    [
      "lists doubled thirty times and compared",
      `cel.bind(a, ['x'], cel.bind(b, ['x'], ${bound(30, (inner) => `cel.bind(a, [a, a], cel.bind(b, [b, b], ${inner}))`)}))`,
      {},
    ],
    ["a duration without end", "duration(context.t) == duration('1s')", { t: "1".repeat(100_000) }],
    ["time zones for each item", "context.l.all(a, timestamp(1).getHours('Europe/Berlin') >= 0)", { l: upTo(50_000) }],
    [
      "a large pattern for each item",
      "context.l.exists(a, context.t.matches('(x{1,30}){1,30}[yz]'))",
      { l: upTo(50), t: "x".repeat(100_000) },
    ],
  ];
  test.each(cases)("%s", (_what, text, context) => {
    const began = performance.now();
    const before = process.memoryUsage.rss();
    expect(() => evaluate(text, context)).toThrow(TooMuchWork);
    expect(performance.now() - began).toBeLessThan(MOST_MS);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
  });
});

test("one pass over whatever a context can hold is within the budget", () => {
  expect(evaluate("context.l.all(a, a >= 0)", { l: upTo(100_000) })).toBe(true);
  expect(evaluate("context.t.matches('^(a+)+$')", { t: `${"a".repeat(200_000)}b` })).toBe(false);
  expect(evaluate("context.t.contains('b') && size(context.t) > 5", { t: `${"a".repeat(200_000)}b` })).toBe(true);
});

test("counting changes no result", () => {
  const env = new Environment({ enableOptionalTypes: true }).registerVariable("context", "map");
  const context = { a: 1, b: "xy", l: [1, 2, 3], o: { k: [true] } };
  const { context: facts } = celFacts({ report: {}, context, visits: 1, step: {}, unattended: false, approval });
  const texts = [
    "context.l.exists_one(n, n == 2) && context.l.filter(n, n > 1) == [2, 3]",
    "context.l.map(n, n * 2).exists(n, n == 6) && !(4 in context.l) && 'k' in context.o",
    "context.l.exists(n, n.none == 1 || n == 2)",
    "context.b.matches('^x.$') && context.b.startsWith('x') && context.b.split('').join('-') == 'x-y'",
    "has(context.a) && !has(context.none) && context.?none.orValue(7) == 7",
    "context.none == 1",
    "context.b.matches('(')",
    "duration('90m') > duration('1h') && timestamp('2024-01-01T00:00:00Z').getFullYear() == 2024",
  ];
  const outcome = (run: () => unknown) => {
    try {
      return run();
    } catch {
      return "an error";
    }
  };
  for (const text of texts) {
    expect([text, outcome(() => evaluate(text, context))]).toEqual([
      text,
      outcome(() => env.evaluate(text, { context: facts })),
    ]);
  }
});

test("each function of the CEL library is one whose cost is known", () => {
  const names = new Set(
    new Environment({ enableOptionalTypes: true }).getDefinitions().functions.map(({ name }) => name),
  );
  const known =
    "dyn type bool size bytes double int uint string startsWith endsWith contains lowerAscii upperAscii trim indexOf lastIndexOf substring matches split join json hex base64 at timestamp getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds duration hasValue value none of or orValue has all exists exists_one map filter bind";
  expect([...names].sort()).toEqual(known.split(" ").sort());
});

describe("a pattern", () => {
  test("takes time linear to the text", () => {
    const began = performance.now();
    const meter = createMeter(10_000_000);
    for (const pattern of ["^(a+)+$", "a*a*a*b", "(a|aa)+$", "^(.*,){25}$"]) {
      expect(compilePattern(pattern).test(`${"a".repeat(100_000)}!`, meter)).toBe(false);
    }
    expect(performance.now() - began).toBeLessThan(MOST_MS);
  });

  test("finds what the runtime's own engine finds", () => {
    const patterns = [
      "^[a-c]+$",
      "a|bc",
      "^(ab?)*c$",
      "[^a]\\d{2,3}",
      "\\bb\\w",
      "\\p{Lu}",
      "^.{2}$",
      "\\u0061\\/",
      "a\\.b",
    ];
    const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "1", "É", "😀", ".", " ", "/") });
    fc.assert(
      fc.property(fc.constantFrom(...patterns), texts, (pattern, text) => {
        expect(compilePattern(pattern).test(text, createMeter(1e6))).toBe(new RegExp(pattern, "u").test(text));
      }),
    );
  });

  const refused = [
    "^(?!TODO)",
    "(a)\\1",
    "(",
    "a{1,2000}",
    "((a{100}){100}){100}",
    "a".repeat(1_001),
    "\\p{L}{1000}".repeat(9),
  ];
  test.each(refused)("is none, in one short line: %s", (pattern) => {
    const fault = createAjvSchemaJudge().fault({ pattern }) ?? "";
    expect(fault).toMatch(/regular expression|pattern/);
    expect(fault.length).toBeLessThan(310);
    expect(() => evaluate("'x'.matches(context.p)", { p: pattern })).toThrow(/regular expression|pattern/);
  });
});

describe("a value that is too much work to judge is a fault that names the key", () => {
  const deep = upTo(60).reduce<unknown>((inner) => [inner], 1);
  const cases: [string, JsonObject, unknown][] = [
    ["a pattern that becomes a large program", { pattern: "(x{1,30}){1,30}[yz]" }, "x".repeat(200_000)],
    ["alternatives that refer to the whole", { items: { anyOf: [{ $ref: "#" }, { $ref: "#" }] }, type: "array" }, deep],
    ["many parts for many items", { items: { allOf: upTo(900).map(() => ({ minimum: 5 })) } }, upTo(100_000)],
    ["many values to choose from", { items: { enum: upTo(5_000).map((n) => [n]) } }, upTo(20_000).map((n) => [-n - 1])],
    ["a long text with a format", { format: "url" }, "http://a.".repeat(20_000)],
    ["many keys and patterns", patternsOf(100), Object.fromEntries(upTo(10_000).map((n) => [`k${n}aaaa`, 1]))],
  ];
  test.each(cases)("%s", (_what, schema, files) => {
    const judge = createAjvSchemaJudge();
    const whole = objectOf({ files: schema });
    expect(judge.fault(whole)).toBeNull();
    const began = performance.now();
    const { faults } = judge.judge(whole, { files } as JsonObject, { coerce: true });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^files.* could not be judged: too much work/);
    expect(performance.now() - began).toBeLessThan(MOST_MS);
  });

  test("and other values go on being judged", () => {
    const judge = createAjvSchemaJudge();
    const one = objectOf({ files: { type: "array", uniqueItems: true, items: { pattern: "^(a+)+$" } } });
    expect(
      judge.judge(one, { files: upTo(5_000).map((n) => "a".repeat(n % 50)) }, { coerce: true }).faults,
    ).not.toEqual([]);
    const items = upTo(20_000).map((n) => ({ n, at: [n] }));
    const unique = objectOf({ files: { uniqueItems: true } });
    expect(judge.judge(unique, { files: items }, { coerce: true }).faults).toEqual([]);
    const twice = { files: [...items, { at: [7], n: 7 }] };
    expect(judge.judge(unique, twice, { coerce: true }).faults).toEqual([
      "files must not hold an item twice (items 7 and 20000 are equal)",
    ]);
  });

  const elsewhere: JsonObject[] = [
    { default: { items: { $ref: "#/default" } }, allOf: [{ $ref: "#/default" }] },
    { default: { items: {} }, allOf: [{ $ref: "#/%64efault" }] },
    { properties: { properties: { const: {} } }, allOf: [{ $ref: "#/properties/properties/const" }] },
    { enum: [{}], allOf: [{ $ref: "#/enum/0" }] },
  ];
  test.each(elsewhere.map((each) => [each]))(
    "a reference to what is no part of the schema is refused: %j",
    (schema) => {
      expect(createAjvSchemaJudge().fault(schema)).toContain("which is no schema in it");
    },
  );

  function patternsOf(count: number): JsonObject {
    return { patternProperties: Object.fromEntries(upTo(count).map((n) => [`^k${n}[a-z]*x`, {}])) };
  }
});

describe("values in instructions", () => {
  const x = "x".repeat(200_000);

  test("are filled whole if they fit", () => {
    expect(
      fillTemplate("{{ context.a }} {{context.o.k}} {{ context.none }}", { context: { a: "b", o: { k: [1] } } }),
    ).toBe("b [1] {{ context.none }}");
  });

  test("are cut, the largest first, and the author's words never", () => {
    const text = "Read {{ context.small }} and {{ context.x }}. Never push.";
    const filled = fillTemplate(text, { context: { small: "a.ts", x } }, 2_000);
    expect(filled).toMatch(
      /^Read a\.ts and x{1500,2000}… \(cut; 200000 characters: .*context\.x whole\)\. Never push\.$/,
    );
    expect(filled.length).toBeLessThanOrEqual(2_000);
  });

  test("that are named very often stay as written", () => {
    const text = "{{ context.x }} ".repeat(10_000);
    expect(fillTemplate(text, { context: { x } }, 20_000)).toBe(text);
    expect(fillTemplate(text, { context: { x } }).length).toBeLessThan(1_200_000);
  });

  test("never take more than they may", () => {
    const value = fc.oneof(fc.string({ maxLength: 400 }), fc.array(fc.string(), { maxLength: 20 }));
    const limit = fc.integer({ min: 0, max: 3_000 });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("a", "b", "c"), value), limit, (context, most) => {
        const text = "{{context.a}}{{context.b}}{{context.c}}{{context.a}}";
        const bytes = Buffer.byteLength(JSON.stringify(fillTemplate(text, { context }, most)));
        expect(bytes).toBeLessThanOrEqual(Math.max(most, most / 4 + text.length + 2));
      }),
    );
  });
});

test("a route that is too much work is passed over with a note, and the next one is tried", async () => {
  const question = sampleQuestion();
  const costly = "context.l.all(a, context.l.all(b, a + b >= 0))";
  const routes = [
    ...Array(20).fill({ when: costly, to: "Deploy" }),
    { when: "report.status == 'success'", to: "Deploy" },
  ];
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const verdict = await createRoutesDecider().decide(
    { ...question, step: { ...question.step, routes }, context: { l: upTo(20_000) } },
    {},
  );
  clearInterval(counting);
  const decision = "decision" in verdict ? verdict.decision : undefined;
  expect(decision?.reasoning).toBe("`report.status == 'success'` is true");
  expect(decision?.notes?.[0]).toBe(`\`${costly}\` could not be evaluated: too much work`);
  expect(decision?.notes).toHaveLength(20);
  expect(turns).toBeGreaterThan(0);
});
