/** Choices by chance, made with numbers of a seed. */
import type { Random } from "../torture/random.ts";

/** One of the choices; there must be any. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)] as T; // the index is one of the list
}

/** A whole number from 0 up to `end`, without it. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

export function chance(random: Random, of: number): boolean {
  return random() < of;
}
