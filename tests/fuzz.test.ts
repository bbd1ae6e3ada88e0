/** Odd messages by the thousand over each transport and era; `bun run fuzz` sends forty times as many. */
import { expect, test } from "bun:test";
import { fuzz } from "../scripts/fuzz/fuzz.ts";
import { expectedOf } from "../scripts/fuzz/messages.ts";
import { WAYS } from "../scripts/fuzz/ways.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir } from "./support/workspace.ts";

test.each(WAYS.map((way) => [`${way.transport}, ${way.era}`, way] as const))(
  "over %s every request is answered once, nothing else is, and nothing hangs",
  async (_name, way) => {
    const seed = 20_261_127;
    const { faults, answered } = await fuzz({
      executable: EXECUTABLE,
      way,
      directory: scratchDir(),
      count: 5_000,
      seed,
    });
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(3_000);
  },
);

test("the fuzz itself knows what is to be answered", () => {
  expect(expectedOf('{"jsonrpc":"2.0","id":1,"method":"ping"}')).toEqual({ id: 1 });
  expect(expectedOf('{"id":"a"}')).toEqual({ id: "a" });
  expect(expectedOf('{"jsonrpc":"2.0","method":"ping"}')).toBe("none");
  expect(expectedOf('{"id":1,"result":{}}')).toBe("none");
  expect(expectedOf('{"id":1.5,"method":"ping"}')).toEqual({ id: null });
  expect(expectedOf("[1]")).toEqual({ id: null });
  expect(expectedOf("{")).toEqual({ id: null });
  expect(expectedOf("  ")).toBe("none");
});
