/** Values that YAML ends at ` #` because it takes the rest for a comment, which their author did not mean. */
import type { Scalar } from "yaml";
import { oneLine } from "../words.ts";

/**
 * What is wrong with an unquoted text that ends at ` #`; undefined if that begins a comment. It does after two blanks, or
 * after a single word, with a blank behind the `#`.
 */
export function cutFault({ type, value, range }: Scalar, text: string): { message: string; hint: string } | undefined {
  if (type !== "PLAIN" || typeof value !== "string" || !range) return undefined;
  const rest = text.slice(range[1]).split("\n", 1)[0] ?? "";
  const [, blanks = "", after = ""] = /^([ \t]+)#(.?)/u.exec(rest) ?? [];
  if (blanks === "") return undefined;
  const isComment = (after === "" || /\s/.test(after)) && (blanks.length > 1 || !/\s/.test(value));
  if (isComment) return undefined;
  const whole = oneLine(`${value}${rest}`, 80).replaceAll('"', '\\"');
  return {
    message: `YAML ends this value at " #" and reads "${oneLine(value, 80)}"`,
    hint: `Put it into quotes: "${whole}"; a comment stands on a line of its own`,
  };
}
