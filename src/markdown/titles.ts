/** Which headings have a meaning, and how freely they may be written. */

/** A heading's name for comparison: any case, spaces ignored, a trailing colon allowed. */
export function titleKey(title: string): string {
  return title.replace(/\s+/g, "").replace(/:+$/, "").toLowerCase();
}
