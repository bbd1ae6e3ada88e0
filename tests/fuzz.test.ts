/** Odd messages by the thousand over each transport and era; `bun run fuzz` sends forty times as many. */
import { expect, test } from "bun:test";
import { expectedOf } from "../scripts/fuzz/expected.ts";
import { fuzz, WAYS } from "../scripts/fuzz/fuzz.ts";
import { EXECUTABLE } from "./support/executable.ts";

const SEED = 20_261_127;

test.each(WAYS.map((way) => [`${way.transport}, ${way.era}`, way] as const))(
  "over %s every request is answered once, nothing else is, nothing hangs, and nothing else is written",
  async (_name, way) => {
    const { findings, answered, runs } = await fuzz({ executable: EXECUTABLE, ...way, seed: SEED, count: 5_000 });
    expect(findings).toEqual([]);
    expect(answered).toBeGreaterThan(50);
    expect(runs).toBeGreaterThan(20);
  },
);

test("the fuzz itself knows what is to be answered", () => {
  const keyOf = (text: string) => expectedOf(text).key;
  expect(keyOf('{"jsonrpc":"2.0","id":1,"method":"ping"}')).toBe("1");
  expect(keyOf('{"id":"a"}')).toBe('"a"');
  expect(keyOf('{"jsonrpc":"2.0","method":"ping"}')).toBeNull();
  expect(keyOf('{"id":1,"result":{}}')).toBeNull();
  expect(keyOf('{"id":1,"result":null}')).toBeNull();
  expect(keyOf('{"id":1.5,"method":"ping"}')).toBe("null");
  expect(keyOf('{"id":1e400,"method":"ping"}')).toBe("null");
  expect(keyOf("[1]")).toBe("null");
  expect(keyOf("{")).toBe("null");
});
