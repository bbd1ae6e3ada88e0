/** Configuration files as people and programs leave them: any layout, comments anywhere, commas at the end. */
import fc from "fast-check";

export interface OddConfig {
  text: string;
  /** Whether something on our way is empty, so that nobody can tell afterwards who made it. */
  hasBare: boolean;
}

interface Style {
  eol: string;
  unit: string;
  lines: boolean;
  comments: number;
  trailing: boolean;
  spaces: boolean;
}

const styles = fc.record({
  eol: fc.constantFrom("\n", "\r\n"),
  unit: fc.constantFrom("  ", "    ", "\t", ""),
  lines: fc.boolean(),
  comments: fc.constantFrom(0, 0, 3, 7),
  trailing: fc.boolean(),
  spaces: fc.boolean(),
});

const leaves = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom("// no comment", "a,b", "}", "\\", "ü\u2028"),
);
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaves,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("command", "x", "y z", 'a"b'), tie("any"), { maxKeys: 3 }),
  ),
})).any;
const servers = fc.dictionary(fc.constantFrom("docs", "db", "Orchestrator", "orchestrator2"), values, { maxKeys: 2 });
const tools = fc.record(
  { allowed: fc.array(fc.constantFrom("ls", "git"), { maxLength: 2 }), core: values },
  { requiredKeys: [] },
);
const roots = fc
  .record({ theme: values, mcpServers: servers, zeta: values, tools, "//": values }, { requiredKeys: [] })
  .chain((root) => fc.shuffledSubarray(Object.entries(root)).map((pairs) => Object.fromEntries(pairs)));

/** Files with any of our containers, or none. */
export function configTexts(): fc.Arbitrary<OddConfig> {
  const ends = fc.constantFrom("", "\n", "\r\n", "\n\n", " // the end");
  return fc.tuple(roots, styles, ends).map(([root, style, end]) => {
    const { mcpServers, tools: listed } = root as { mcpServers?: object; tools?: { allowed?: unknown[] } };
    const on = [root, mcpServers, listed, listed?.allowed].filter((each) => each !== undefined);
    return { text: laidOut(root, style) + end, hasBare: on.some((each) => Object.keys(each).length === 0) };
  });
}

function laidOut(root: unknown, style: Style): string {
  let count = 0;
  const comment = (indent: string) => {
    count += 1;
    if (style.comments === 0 || count % style.comments !== 0) return "";
    return style.lines && count % 2 === 0 ? ` // note, ${count}${style.eol}${indent}` : ` /* note } ${count} */`;
  };
  function many(open: string, parts: ((inner: string) => string)[], close: string, indent: string): string {
    const inner = indent + style.unit;
    const newline = (at: string) => (style.lines ? style.eol + at : style.spaces ? " " : "");
    if (parts.length === 0) return open + (style.spaces ? comment(indent) : "") + close;
    const body = parts.map((part) => newline(inner) + comment(inner) + part(inner) + comment(inner)).join(",");
    return open + body + (style.trailing ? "," : "") + comment(indent) + newline(indent) + close;
  }
  function write(value: unknown, indent: string): string {
    if (Array.isArray(value)) {
      const parts = value.map((each) => (inner: string) => write(each, inner));
      return many("[", parts, "]", indent);
    }
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const parts = Object.entries(value).map(
      ([key, each]) =>
        (inner: string) =>
          `${JSON.stringify(key)}:${style.spaces ? " " : ""}${write(each, inner)}`,
    );
    return many("{", parts, "}", indent);
  }
  return write(root, "");
}

/** Whether all characters of `short` stand in `long`, in their order. */
export function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (const character of long) if (at < short.length && short.startsWith(character, at)) at += character.length;
  return at === short.length;
}
