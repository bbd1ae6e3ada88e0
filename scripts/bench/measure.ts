/** What is measured, and what it must reach. */
import type { Transport } from "../client/server.ts";

/** What every measure is given. */
export interface Bench {
  /** The product, compiled. */
  product: string;
  /** The reference server, compiled with the same flags. */
  reference: string;
  transports: Transport[];
  /** A smoke test: few rounds, small files. */
  quick: boolean;
  /** Size of the large file, in instances. */
  instances: number;
}

export interface Result {
  name: string;
  value: number;
  unit: string;
  target: { least: number } | { most: number };
  /** The figures behind it. */
  behind: string;
}

/** A line of the chart: `x` is a count, `y` milliseconds. */
export interface Series {
  name: string;
  points: { x: number; y: number }[];
}

export interface Outcome {
  results: Result[];
  series?: Series[];
}

export interface Measure {
  name: string;
  run(bench: Bench): Promise<Outcome>;
}

export function reached({ value, target }: Result): boolean {
  return "least" in target ? value >= target.least : value <= target.most;
}
