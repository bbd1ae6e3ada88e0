/** What filters and operators cost, in units of work; counted before they run, because none of them can be stopped. */
import type { FilterImplOptions } from "liquidjs";

type FilterHandler = Extract<FilterImplOptions, (...given: never[]) => unknown>;

/** The cost depends on no value's size. */
const CHEAP = new Set(
  "default raw size first last abs at_least at_most ceil divided_by floor minus plus modulo times round to_integer".split(
    " ",
  ),
);
/** Each item is touched, whatever it holds. */
const BY_ITEM = new Set("reverse compact concat push unshift pop shift slice uniq sample".split(" "));
/** The arguments are looked up in each item, or compared with it. */
const BY_KEY = new Set("map sum where reject group_by has find find_index".split(" "));
const ITEM_UNITS = 20;
/** A date's format is tried at each of its characters, and a name of a month or a zone is looked up at each sign. */
const DATE_UNITS = 2_000;

/** Sizes of values, each looked through once. */
type Sizes = WeakMap<object, number>;

/** What the filter costs with these values: the one that it is applied to, then its arguments. */
export function filterCost(name: string, values: unknown[], sizes: Sizes): number {
  if (CHEAP.has(name)) return 1;
  const [value, argument] = values;
  if (BY_ITEM.has(name)) return values.reduce((sum: number, each) => sum + itemsCost(each), 1);
  if (BY_KEY.has(name)) {
    const sought = values.slice(1).reduce((sum: number, each) => sum + sizeOf(each, sizes), ITEM_UNITS);
    return 1 + lengthOf(value) * sought;
  }
  const whole = values.reduce((sum: number, each) => sum + sizeOf(each, sizes), 1);
  if (name.startsWith("sort")) return whole * Math.ceil(Math.log2(2 + lengthOf(value)));
  if (name.startsWith("date")) return DATE_UNITS + (typeof argument === "string" ? argument.length ** 2 * 10 : 0);
  const searched = typeof value === "string" && typeof argument === "string" ? value.length * argument.length : 0;
  return whole + searched / 512;
}

/** The same for two values that are compared, or of which one is sought in the other. */
export function operatorCost(name: string, [left, right]: unknown[], sizes: Sizes): number {
  if (name !== "contains") return 1 + Math.min(sizeOf(left, sizes), sizeOf(right, sizes));
  if (typeof left === "string") return 1 + left.length / 64 + (left.length * lengthOf(right)) / 512;
  return 1 + (typeof right === "object" ? sizeOf(left, sizes) : lengthOf(left) * ITEM_UNITS);
}

/** A filter that counts what it will cost before it runs. */
export function counted(
  name: string,
  handler: FilterHandler,
  take: (name: string, values: unknown[]) => void,
): FilterHandler {
  return function (value, ...given) {
    take(name, [value, ...given]);
    return handler.call(this, value, ...given);
  };
}

/** To touch each item; a text is passed over many characters at once. */
function itemsCost(value: unknown): number {
  return typeof value === "string" ? value.length >> 3 : lengthOf(value) * ITEM_UNITS;
}

/** Characters, items or keys: the value itself, not what is in it. */
function lengthOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** Units to look at all that the value holds. Texts are passed over many characters at once. */
function sizeOf(value: unknown, sizes: Sizes): number {
  if (typeof value === "string") return 1 + (value.length >> 3);
  if (typeof value !== "object" || value === null) return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  const size = Object.values(value).reduce((sum: number, item) => sum + ITEM_UNITS + sizeOf(item, sizes), 1);
  sizes.set(value, size);
  return size;
}
