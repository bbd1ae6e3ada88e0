/** Where the front matter of a file stands. Does not read it. */

/**
 * The lines (from 0) of its fences: the first line of the file, or the first one after blank lines and comments if keys
 * follow. `close` is undefined if nothing closes what looks like front matter.
 */
export function findFrontMatter(lines: readonly string[]): { open: number; close: number | undefined } | undefined {
  const open = skipComments(lines);
  const fence = lines[open]?.trimEnd() ?? "";
  if (fence.trimStart() !== "---") return undefined;
  const close = lines.findIndex((line, index) => index > open && ["---", "...", fence].includes(line.trimEnd()));
  const holdsKeys = beginsWithKey(lines.slice(open + 1));
  if (close < 0) return holdsKeys ? { open, close: undefined } : undefined;
  return open === 0 && fence === "---" ? { open, close } : holdsKeys ? { open, close } : undefined;
}

/** The first line that is neither blank nor part of a comment. */
function skipComments(lines: readonly string[]): number {
  let inComment = false;
  for (const [index, line] of lines.entries()) {
    const rest: string = inComment ? `<!--${line}` : line;
    const visible: string = rest.replace(/<!--.*?-->/g, "").trim();
    inComment = visible.startsWith("<!--");
    if (!inComment && visible !== "") return index;
  }
  return lines.length;
}

/** Whether the first line that is no YAML comment looks like a key. */
function beginsWithKey(lines: readonly string[]): boolean {
  const first = lines.find((line) => line.trim() !== "" && !/^\s*#/.test(line));
  return /^\s*["']?[A-Za-z_][\w-]*["']?[ \t]*:(\s|$)/.test(first ?? "");
}
