/**
 * Regular expressions in time linear to the text, by RE2's rules: the engine of the runtime can take for ever and cannot be
 * stopped. What RE2 does not understand (look-around, back-references, counts above 1,000) is no pattern here.
 */
import type { RE2JS } from "re2js";
import type { Meter } from "./meter.ts";

export interface Pattern {
  /** Whether the text, or a part of it, matches. */
  test(text: string, meter: Meter): boolean;
}

/** Longest pattern, in characters, and the largest program that it may become: compiling is not linear. */
const MAX_LENGTH = 1_000;
const MAX_PROGRAM = 5_000;
/** Units that compiling takes for each character. */
const COMPILING = 100;
/** Compiled patterns that are kept. */
const MAX_KEPT = 200;

const kept = new Map<string, Pattern>();

/** Compiles a pattern. Throws an Error whose message says in one line why it is not one. */
export function compilePattern(source: string, meter?: Meter): Pattern {
  const known = kept.get(source);
  if (known) return known;
  meter?.take(Math.min(source.length, MAX_LENGTH) * COMPILING);
  const made = compile(source);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(source, made);
  return made;
}

function compile(source: string): Pattern {
  if (source.length > MAX_LENGTH) throw new Error(`the pattern is longer than ${MAX_LENGTH} characters`);
  const program = parse(source);
  const size = program.programSize();
  if (size > MAX_PROGRAM) throw new Error(`the pattern "${source}" repeats too much`);
  return {
    test(text, meter) {
      meter.take(10 + text.length + ((text.length * size) >> 7));
      return program.test(text);
    },
  };
}

function parse(source: string): RE2JS {
  // Loaded at the first pattern: it is large, and most runs need none.
  const { RE2JS } = require("re2js") as typeof import("re2js"); // what the package's types say that it exports
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    throw new Error(`Invalid regular expression "${source}" by RE2's rules: ${why}`);
  }
}
