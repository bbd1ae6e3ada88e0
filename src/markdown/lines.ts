/** Counting and cutting lines. `\n` is the only line end. */

/** The number of line breaks: the text after this one begins so many lines further on. */
export function countLineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** The text between two offsets, verbatim, without the blank lines at its ends. */
export function sliceText(text: string, start: number, end: number): string {
  const lines = text.slice(start, end).split("\n");
  const isText = (line: string) => line.trim() !== "";
  return lines.slice(lines.findIndex(isText), lines.findLastIndex(isText) + 1).join("\n");
}
