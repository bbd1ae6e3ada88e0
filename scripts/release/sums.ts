/** Checksums, as `sha256sum --check` reads them. */
import { createReadStream } from "node:fs";

export async function sha256(file: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** Sorted by name. */
export function sumsText(sums: ReadonlyMap<string, string>): string {
  const lines = [...sums].sort(([one], [other]) => (one < other ? -1 : 1));
  return lines.map(([name, sum]) => `${sum}  ${name}\n`).join("");
}
