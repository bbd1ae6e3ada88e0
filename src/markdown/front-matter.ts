/** YAML front matter at the beginning of a file. This version reads none, and says so rather than take it for text. */

/** How many lines it takes, its fences included; 0 for a text without. */
export function frontMatterLines(text: string): number {
  const lines = text.split("\n");
  if (lines[0]?.trimEnd() !== "---") return 0;
  const end = lines.findIndex((line, index) => index > 0 && ["---", "..."].includes(line.trimEnd()));
  return end + 1;
}
