/** What a JSON Schema may be, and how faults are worded for the agent that must correct them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { JsonObject } from "../src/json.ts";
import { createAjvSchemaJudge } from "../src/schemas/ajv-judge.ts";

const judge = createAjvSchemaJudge();
const object = (properties: JsonObject, more: JsonObject = {}) => ({ type: "object", properties, ...more });
const LONG = "x".repeat(200);

describe("a schema", () => {
  const good: JsonObject[] = [
    {},
    { type: "integer", minimum: 1 },
    { type: ["string", "null"] },
    { $schema: "https://json-schema.org/draft/2020-12/schema", $defs: { a: {} }, items: { $ref: "#/$defs/a" } },
    { $schema: 4 },
    object({ child: { $ref: "#" } }),
    { type: "string", format: "date-time", default: "x", title: "t", examples: [1] },
    { $id: "same" },
    { $id: "same", type: "string" },
    { $id: "http://json-schema.org/draft-07/schema" },
    { properties: { a: { $id: "https://x.test/a" }, b: { $ref: "https://x.test/a" } } },
  ];
  test.each(good.map((schema) => [schema]))("is usable: %j", (schema) => {
    expect(judge.fault(schema)).toBeNull();
  });

  const bad: [JsonObject, string][] = [
    [{ typ: "integer" }, 'unknown keyword: "typ"'],
    [{ type: "int" }, 'type must be one of: "array", "boolean"'],
    [{ properties: { x: "integer" } }, 'properties.x must be object or boolean, not "integer"'],
    [{ properties: { x: { minimum: "3" } } }, 'properties.x.minimum must be number, not "3"'],
    [{ format: "nonsense" }, 'unknown format "nonsense"'],
    [{ pattern: "(" }, "Invalid regular expression"],
    [{ enum: [] }, "enum must have at least 1 item"],
    [{ $ref: "https://x.test/schema.json" }, '"https://x.test/schema.json"'],
    [{ $ref: "http://json-schema.org/draft-07/schema#" }, "which does not stand in it"],
    [{ $ref: "#/definitions/none" }, '"#/definitions/none"'],
    [{ items: { $ref: "https://x.test/a" } }, "which does not stand in it"],
    [{ $async: true }, "$async"],
    [{ properties: { a: { $async: true, type: "string" } } }, "async"],
    [{ $id: 4 }, "$id must be string"],
    [{ if: {} }, '"if"'],
    [nested(20_000), "it has more than 1000 parts"],
    [{ enum: LONG }, "x…"],
  ];
  test.each(bad)("is none: %p", (schema, words) => {
    const fault = judge.fault(schema);
    expect(fault).toContain(words);
    expect(fault?.split("\n")).toHaveLength(1);
    expect(fault?.length).toBeLessThan(310);
    expect(judge.judge(schema, {}, { coerce: true }).faults[0]).toContain("cannot be used");
  });

  test("is judged alike however often, and is never changed", () => {
    const schema = { $schema: "x", $id: "y", ...object({ a: { type: "integer", default: 3 } }) };
    const before = structuredClone(schema);
    for (let round = 0; round < 3; round++) {
      expect(judge.fault(schema)).toBeNull();
      expect(judge.judge(schema, { a: "1" }, { coerce: true })).toEqual({ value: { a: 1 }, faults: [] });
      expect(judge.judge(schema, { a: "1" }, { coerce: false }).faults).toEqual(['a must be integer, not "1"']);
    }
    expect(schema).toEqual(before);
  });
});

describe("a value's faults", () => {
  const of = (property: JsonObject) => object({ x: property });
  const cases: [JsonObject, JsonObject, string[]][] = [
    [object({ n: { type: "integer" } }, { required: ["n"] }), {}, ["n is missing (integer)"]],
    [{ required: ["a", "constructor"] }, {}, ["a is missing (value)", "constructor is missing (value)"]],
    [object({ n: { type: "integer" } }), { n: "abc" }, ['n must be integer, not "abc"']],
    [of({ type: ["integer", "null"] }), { x: "a" }, ['x must be integer or null, not "a"']],
    [of({ items: { type: "string" } }), { x: [3] }, ["x[0] must be string, not 3"]],
    [of(object({ "a b": { type: "string" } })), { x: { "a b": 1 } }, ['x["a b"] must be string, not 1']],
    [of({ enum: ["a", "b"] }), { x: "c" }, ['x must be one of: "a", "b"; it is "c"']],
    [of({ const: 1 }), { x: 2 }, ["x must be 1, not 2"]],
    [of({ minLength: 3 }), { x: "a" }, ["x must have at least 3 characters"]],
    [of({ maxLength: 1 }), { x: "ab" }, ["x must have at most 1 character"]],
    [of({ minimum: 3 }), { x: 2 }, ["x must be at least 3, not 2"]],
    [of({ maximum: 3 }), { x: 4 }, ["x must be at most 3, not 4"]],
    [of({ exclusiveMinimum: 3 }), { x: 3 }, ["x must be more than 3, not 3"]],
    [of({ exclusiveMaximum: 3 }), { x: 3 }, ["x must be less than 3, not 3"]],
    [of({ multipleOf: 2 }), { x: 3 }, ["x must be a multiple of 2, not 3"]],
    [of({ pattern: "^a$" }), { x: "b" }, ['x must match the pattern ^a$; it is "b"']],
    [of({ format: "date" }), { x: "today" }, ['x must have the format "date"; it is "today"']],
    [of({ minItems: 1 }), { x: [] }, ["x must have at least 1 item"]],
    [of({ maxItems: 1 }), { x: [1, 2] }, ["x must have at most 1 item"]],
    [of({ uniqueItems: true }), { x: [1, 2, 1] }, ["x must not hold an item twice (items 0 and 2 are equal)"]],
    [{ minProperties: 1 }, {}, ["the value must have at least 1 key"]],
    [object({ a: {} }, { additionalProperties: false }), { b: 1 }, ["b is not allowed; allowed: a"]],
    [object({ a: false }), { a: 1 }, ["a is not allowed"]],
    [{ dependencies: { a: ["b"] } }, { a: 1 }, ['b is missing (value); "a" needs it']],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, ['the key "ab" must have at most 1 character']],
    [of({ contains: { const: 1 } }), { x: [2] }, ["x[0] must be 1, not 2", "x must contain at least 1 valid item(s)"]],
    [of({ not: { const: 1 } }), { x: 1 }, ["x must NOT be valid"]],
    [of({ if: { const: 1 }, else: { const: 3 } }), { x: 2 }, ["x must be 3, not 2"]],
    [of({ anyOf: [{ type: "integer" }, { type: "boolean" }] }), { x: "a" }, ['x must be integer or boolean, not "a"']],
    [
      of({ oneOf: [{ const: 1 }, { type: "string", minLength: 3 }] }),
      { x: "ab" },
      ['x fits none of its alternatives: x must be 1, not "ab"; or x must have at least 3 characters'],
    ],
    [of({ oneOf: [{}, {}] }), { x: 1 }, ["x fits more than one of its alternatives"]],
    [of({ type: "integer" }), { x: LONG }, [`x must be integer, not "${LONG.slice(0, 79)}…`]],
    [{ allOf: [{ required: ["a"] }, { required: ["a"] }] }, {}, ["a is missing (value)"]],
    [{ $ref: "#" }, {}, ["the value cannot be judged: it, or its schema, is nested too deeply"]],
  ];
  test.each(cases)("%j judges %j", (schema, value, faults) => {
    expect(judge.fault(schema)).toBeNull();
    expect(judge.judge(schema, value, { coerce: false })).toEqual({ value, faults });
  });

  test("are counted beyond twenty", () => {
    const { faults } = judge.judge(
      of({ items: { type: "string" } }),
      { x: Array.from({ length: 500 }, (_, at) => at) },
      { coerce: false },
    );
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe("and 480 more");
  });
});

describe("coercion", () => {
  const schema = object({
    n: { type: "integer" },
    b: { type: "boolean" },
    s: { type: "string" },
    deep: object({ n: { type: "number" } }),
    free: {},
    absent: { type: "string", default: "never filled in" },
  });
  const cases: [JsonObject, JsonObject][] = [
    [{ n: "3" }, { n: 3 }],
    [{ b: "true" }, { b: true }],
    [{ s: 3 }, { s: "3" }],
    [{ deep: { n: "1.5" } }, { deep: { n: 1.5 } }],
    [
      { free: "3", unknown: "4" },
      { free: "3", unknown: "4" },
    ],
  ];
  test.each(cases)("of %j gives %j on a copy", (given, wanted) => {
    const before = structuredClone(given);
    expect(judge.judge(schema, given, { coerce: true })).toEqual({ value: wanted, faults: [] });
    expect(given).toEqual(before);
  });

  test("makes no number of what holds none", () => {
    for (const n of [" ", "\n", true, false]) {
      expect(judge.judge(schema, { n }, { coerce: true }).faults).toEqual([
        `n must be number, not ${JSON.stringify(n)}`,
      ]);
    }
    expect(judge.judge(schema, { deep: { n: null } }, { coerce: true }).faults).toEqual([
      "deep.n must be number, not null",
    ]);
    expect(judge.judge(schema, { s: " ", free: " " }, { coerce: true }).faults).toEqual([]);
  });

  test.each(["9007199254740993", "725653563933458433", "-9007199254740992", "1e400", "1e30"])(
    "makes no number of %p, which it would have to round",
    (n) => {
      for (const given of [{ n }, { deep: { n } }]) {
        const [fault, ...more] = judge.judge(schema, given, { coerce: true }).faults;
        expect(more).toEqual([]);
        expect(fault).toMatch(/^(deep\.)?n (must be integer|is beyond what a number holds exactly)/);
      }
      expect(judge.judge(schema, { s: n, free: n }, { coerce: true })).toEqual({
        value: { s: n, free: n },
        faults: [],
      });
    },
  );

  test.each(["9007199254740993", "-725653563933458433"])(
    "of %p, where no text is made a number, says that no number will do either",
    (n) => {
      const [fault] = judge.judge(schema, { n }, { coerce: false }).faults;
      expect(fault).toMatch(/^n is beyond what a number holds exactly .*its schema says "string"$/);
    },
  );

  test("refuses what has no such form", () => {
    expect(judge.judge(schema, { n: "3.5", b: "yes" }, { coerce: true }).faults).toEqual([
      'n must be integer, not "3.5"',
      'b must be boolean, not "yes"',
    ]);
  });
});

describe("whatever the JSON", () => {
  const keyword = fc.constantFrom(
    ...[
      "type",
      "properties",
      "required",
      "items",
      "anyOf",
      "not",
      "$ref",
      "$id",
      "$schema",
      "enum",
      "pattern",
      "format",
    ],
    ...[
      "minimum",
      "if",
      "then",
      "const",
      "dependencies",
      "$defs",
      "nullable",
      "$async",
      "__proto__",
      "additionalProperties",
    ],
  );
  const { node: schemaLike } = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<unknown>("string", "integer", "object", "#", "(", 3, true, null, "date"),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.array(fc.tuple(keyword, tie("node")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    ),
  }));
  const anObject = (value: unknown): value is JsonObject =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const schema = fc.oneof(schemaLike, fc.jsonValue()).filter(anObject);

  test("fault() and judge() answer", () => {
    fc.assert(
      fc.property(schema, fc.dictionary(fc.string(), fc.jsonValue()), (given, value) => {
        const before = JSON.stringify([given, value]);
        const fault = judge.fault(given);
        expect(fault === null || fault.length > 0).toBe(true);
        for (const coerce of [true, false]) judge.judge(given, value, { coerce });
        expect(JSON.stringify([given, value])).toBe(before);
      }),
      { numRuns: 1500 },
    );
  });

  test("a good schema takes any value, and changes none", () => {
    const good = object(
      { a: { type: "integer" }, b: { type: "array", items: { type: "string" }, uniqueItems: true }, c: { $ref: "#" } },
      { additionalProperties: { anyOf: [{ type: "boolean" }, { type: "string", maxLength: 2 }] } },
    );
    const value = fc.dictionary(fc.oneof(fc.constantFrom("a", "b", "c"), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(value, fc.boolean(), (given, coerce) => {
        const before = structuredClone(given);
        const { faults, value: judged } = judge.judge(good, given, { coerce });
        expect(given).toEqual(before);
        for (const fault of faults) expect(fault).toMatch(/^.{3,1000}$/);
        if (coerce && faults.length === 0) expect(judge.judge(good, judged, { coerce: false }).faults).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

function nested(depth: number): JsonObject {
  let schema: JsonObject = {};
  for (let level = 0; level < depth; level++) schema = { not: schema };
  return schema;
}
