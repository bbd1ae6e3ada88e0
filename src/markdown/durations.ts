/** Durations in front matter: `90s`, `10m`, `2h`, `3d`, in seconds. */
import { nameOf } from "../written.ts";
import type { Yaml } from "./yaml.ts";

/** The longest duration: a year. */
const MAX_DAYS = 365;

const FORM = 'Write a whole number and its unit, like "90s", "10m", "2h" or "3d"';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** The seconds, or what is wrong with the value, to follow its key, and the way out. */
export function readDuration(yaml: Yaml): number | { why: string; hint: string } {
  const text = yaml.kind === "scalar" ? yaml.text : "";
  const [, count = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  if (seconds >= 1 && seconds <= MAX_DAYS * 86_400) return seconds;
  const isDuration = unit !== "";
  const limits = `must be from 1s to ${MAX_DAYS}d; it is ${nameOf(yaml)}`;
  return {
    why: isDuration ? limits : `must be a duration; it is ${nameOf(yaml)}`,
    hint: isDuration ? FORM : hintFor(text),
  };
}

/** A number's unit, or the form of a known one, is all that misses most often. */
function hintFor(text: string): string {
  const [, count, unit = ""] =
    /^([1-9]\d{0,8})\s*(|s|sec|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$/i.exec(text) ?? [];
  if (count === undefined) return FORM;
  return unit === "" ? `${FORM}: "${count}s", if seconds are meant` : `${FORM}: "${count}${unit[0]?.toLowerCase()}"`;
}
