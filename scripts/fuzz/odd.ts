/** Values that nobody expects where they stand, and what makes a message odd: as a value, and as a text. */
import type { Random } from "../torture/random.ts";
import { below, chance, pick } from "./chance.ts";

/** Ids of every kind; the last ones are none. */
export const ODD_IDS: readonly unknown[] = [
  0,
  -0,
  "",
  -1,
  "0",
  "1",
  "null",
  "é\u2028",
  "\ud800",
  "\0",
  " ",
  "__proto__",
  2 ** 53 - 1,
  "x".repeat(2_000),
  1.5,
  2 ** 53,
  1e300,
  null,
  true,
  [],
  [1],
  {},
];

const ODD: readonly unknown[] = [
  ...ODD_IDS,
  false,
  -(2 ** 31) - 1,
  0.1,
  "{}",
  "\n",
  "\u0085\u2029",
  "../../etc/passwd",
  "😀".repeat(50),
  "\udc00\ud800",
  [null],
  { a: 1 },
  { toString: 1, constructor: null },
  "2.0",
  "2026-07-28",
];

const ODD_KEYS = ["__proto__", "constructor", "toString", "", "id", "ID", "method", "params", "_meta", "result", "a\0"];

export function oddValue(random: Random): unknown {
  const drawn = random();
  if (drawn < 0.004) return "long ".repeat(below(random, 20_000));
  if (drawn < 0.03) return nested(random);
  return structuredClone(pick(random, ODD));
}

/** Deep, of lists or of objects; now and then beyond what anybody writes. */
function nested(random: Random, value: unknown = 1): unknown {
  const depth = pick(random, [2, 8, 63, 64, 65, 70, 73, 80, 300]);
  const asList = chance(random, 0.5);
  let made = value;
  for (let level = 0; level < depth; level++) made = asList ? [made] : { a: made };
  return made;
}

interface Place {
  holder: object;
  key: string;
}

function placesIn(value: unknown, into: Place[] = [], depth = 0): Place[] {
  if (typeof value !== "object" || value === null || depth > 8) return into;
  for (const key of Object.keys(value)) {
    into.push({ holder: value, key });
    placesIn(read({ holder: value, key }), into, depth + 1);
  }
  return into;
}

function read({ holder, key }: Place): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}

/** As JSON.parse would do it: `__proto__` is a key like others. */
function write({ holder, key }: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

type Change = (place: Place, random: Random, all: Place[]) => void;

const CHANGES: readonly Change[] = [
  ({ holder, key }) => void Reflect.deleteProperty(holder, key),
  (place) => write(place, null),
  (place, random) => write(place, oddValue(random)),
  (place, random) => write(place, oddValue(random)),
  (place, random) => write(place, nested(random, read(place))),
  (place) => write(place, [read(place), read(place)]),
  (place, random) => {
    const value = read(place);
    if (typeof value === "string") write(place, value.repeat(1 + below(random, 5)));
    else write(place, JSON.stringify(value));
  },
  (place, random) => {
    const value = read(place);
    Reflect.deleteProperty(place.holder, place.key);
    write({ ...place, key: pick(random, [...ODD_KEYS, place.key.toUpperCase(), ` ${place.key}`]) }, value);
  },
  (place, random) => write({ ...place, key: pick(random, ODD_KEYS) }, oddValue(random)),
  (place, random, all) => {
    const other = pick(random, all);
    const [mine, theirs] = [read(place), read(other)];
    write(place, structuredClone(theirs));
    write(other, structuredClone(mine));
  },
];

/** Changes one thing in it, at any depth. */
export function changeValue(random: Random, value: object): void {
  const places = placesIn(value);
  if (places.length > 0) pick(random, CHANGES)(pick(random, places), random, places);
}

const NUMBERS = ["1e400", "-1e400", "1e-400", "123456789012345678901234567890", "0x10", "01", "+1", "NaN", "-0", "1.0"];
const JUNK = [
  "\0",
  "\r",
  "\uFEFF",
  "\u2028",
  "\u0085",
  '"',
  "\\",
  "{",
  "}",
  "[",
  ",",
  "\t",
  "\\ud800",
  "\\u0000",
  "é",
  "\n",
  "//",
];
const ENDS = ["", " ", "\r", ",", "{}", "]", "\0", "null", "\r\n", "\n\n", "\u00A0"];
const STARTS = ["\uFEFF", " ", "\n", "\r\n", "\uFEFF\uFEFF", "\0", "[", ")]}',", "Content-Length: 5\r\n", "\u3000"];

type TextChange = (text: string, random: Random) => string;

const TEXT_CHANGES: readonly TextChange[] = [
  (text, random) => text.slice(0, below(random, text.length)),
  (text, random) => text.slice(below(random, text.length)),
  (text, random) => text.replace("{", () => `{${pick(random, DOUBLED)},`),
  (text, random) => `${text.slice(0, -1)},${pick(random, DOUBLED)}}`,
  (text, random) => text.replace(/(?<=[:[,])-?\d+(?=[,}\]])/, () => pick(random, NUMBERS)),
  (text, random) => {
    const at = below(random, text.length + 1);
    return text.slice(0, at) + pick(random, JUNK) + text.slice(at);
  },
  (text, random) => text + pick(random, ENDS),
  (text, random) => pick(random, STARTS) + text,
  (text, random) => pick(random, [`[${text}]`, `[${text},${text}]`, "[]", "[[]]", "[1,2]", `{"a":${text}}`]),
  (text, random) => {
    const [from, to] = [below(random, text.length), below(random, text.length)];
    return text.slice(0, Math.max(from, to)) + text.slice(Math.min(from, to));
  },
  (text) => text.replaceAll(/[":,]/g, (sign) => ` ${sign}\t`),
  (text) =>
    text.replaceAll(/"(\w)/g, (_all, char: string) => `"\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
];

const DOUBLED = [
  '"id":7',
  '"id":null',
  '"method":"ping"',
  '"jsonrpc":"2.0"',
  '"params":{}',
  '"__proto__":{"id":9}',
  '"id":1e400',
];

/** Changes one thing in the text of a message. */
export function changeText(random: Random, text: string): string {
  return pick(random, TEXT_CHANGES)(text, random);
}
