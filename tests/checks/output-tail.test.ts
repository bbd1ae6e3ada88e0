/** The end of an output, however it comes. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createOutputTail } from "../../src/checks/output-tail.ts";

const ESC = "\u001b";

function tailOf(text: string | Uint8Array, { most = 4_000, chunk = 1_000 } = {}): string | undefined {
  const bytes = Buffer.from(text);
  const tail = createOutputTail();
  for (let at = 0; at < bytes.length; at += chunk) tail.add(bytes.subarray(at, at + chunk));
  return tail.text(most);
}

test("nothing printed is no output, nor is what nobody would see", () => {
  expect(tailOf("")).toBeUndefined();
  expect(tailOf(`${ESC}[0m\u0007`)).toBeUndefined();
});

test("a character or an escape sequence that the cut went through is dropped", () => {
  const colourful = `${ESC}[38;5;196m`.repeat(20_000);
  const shown = tailOf(`${colourful}ä`) ?? "";
  expect(shown.split("\n")[1]).toBe("ä");
  for (let shift = 0; shift < 12; shift++) {
    const text = tailOf(`${"x".repeat(shift)}${colourful}end`) ?? "";
    expect(text.split("\n")[1]).toBe("end");
  }
  for (let shift = 0; shift < 4; shift++) {
    expect(tailOf(`${"x".repeat(shift)}${"😀".repeat(50_000)}`)).not.toContain("\uFFFD");
  }
});

test("a pair that makes one character is not cut in two", () => {
  const shown = tailOf(`${"😀".repeat(3_000)}!`, { most: 4_000 }) ?? "";
  expect(shown.split("\n")[1]).toBe(`${"😀".repeat(1_999)}!`);
});

test("however the bytes come in, the text is the same", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 50 }), (bytes, chunk) => {
      const whole = tailOf(bytes);
      expect(tailOf(bytes, { chunk })).toEqual(whole as string);
      expect(whole ?? "").not.toMatch(/[^\P{Cc}\n\t]/u);
    }),
  );
});
