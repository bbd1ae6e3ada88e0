/** The scratch project of `orchestrator demo`: a tiny shop in a git repository of its own, with one use that a rename misses. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What the demo renames, and to what. */
export const OLD_NAME = "formatPrice";
export const NEW_NAME = "formatAmount";

const FORMAT_TS = `/** A price in cents, as customers read it. */
export function formatPrice(cents: number): string {
  return \`€ \${(cents / 100).toFixed(2)}\`;
}

export function formatWeight(grams: number): string {
  return \`\${(grams / 1000).toFixed(1)} kg\`;
}
`;

const RECEIPT_TS = `import { formatPrice } from "./format.ts";

export interface Item {
  name: string;
  cents: number;
}

export function receipt(items: Item[]): string {
  const total = items.reduce((sum, item) => sum + item.cents, 0);
  const lines = items.map((item) => \`\${item.name}: \${formatPrice(item.cents)}\`);
  return [...lines, \`Total: \${formatPrice(total)}\`].join("\\n");
}
`;

/** The name of the function is put together here, so no search for it finds this line. */
const NAIVE_LOOKUP = "  const format = byName[`format${column}`];";
const SOUND_LOOKUP = '  const format = column === "Price" ? formats.formatAmount : byName[`format${column}`];';

const TABLE_TS = `import * as formats from "./format.ts";

const byName: Record<string, (value: number) => string> = { ...formats };

/** One cell of the stock list; each column has a format of its own. */
export function cell(column: "Price" | "Weight", value: number): string {
${NAIVE_LOOKUP}
  return format(value).padStart(8);
}
`;

const SHOP_TEST_TS = `import { expect, test } from "bun:test";
import { formatPrice } from "./src/format.ts";
import { receipt } from "./src/receipt.ts";
import { cell } from "./src/table.ts";

test("a price has two decimals", () => {
  expect(formatPrice(1999)).toBe("€ 19.99");
});

test("a receipt ends with the total", () => {
  expect(receipt([{ name: "Tea", cents: 450 }, { name: "Jam", cents: 325 }])).toEndWith("Total: € 7.75");
});

test("the stock list shows prices and weights", () => {
  expect(cell("Weight", 1500)).toBe("  1.5 kg");
  expect(cell("Price", 450)).toBe("  € 4.50");
});
`;

const README_MD = `# Shop

Prices are shown by \`formatPrice\`, weights by \`formatWeight\`.
`;

/** Path in the project → text. */
const FILES: Record<string, string> = {
  "README.md": README_MD,
  "shop.test.ts": SHOP_TEST_TS,
  "src/format.ts": FORMAT_TS,
  "src/receipt.ts": RECEIPT_TS,
  "src/table.ts": TABLE_TS,
};

/** The repair of the one line that the rename misses. */
export const REPAIR = { file: "src/table.ts", line: NAIVE_LOOKUP, by: SOUND_LOOKUP };

/** Writes the project's files. The repository is made by the caller. */
export async function writeProject(dir: string): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    await Bun.write(file, text);
  }
}
