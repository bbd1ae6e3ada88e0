/** Template values in client instructions. Filled once: what a value contains is text, never another template. */
import type { JsonObject } from "./json.ts";

const VALUE = /\{\{\s*context\.([\p{L}\p{N}_$-]+(?:\.[\p{L}\p{N}_$-]+)*)\s*\}\}/gu;

/** Replaces `{{ context.some.key }}`: strings as they are, other values as JSON; an unset key stays as written. */
export function fillTemplate(text: string, context: JsonObject): string {
  return text.replace(VALUE, (written: string, path: string) => {
    const value = lookUp(context, path.split("."));
    if (value === undefined) return written;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

function lookUp(from: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string, unknown>)[key]; // an own property, as just checked
  }, from);
}
