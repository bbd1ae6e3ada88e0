/** Many callers at once, each one call after the other; two servers in turns, so that a noisy machine harms both. */
import type { Server } from "../client/server.ts";
import { median, quantile } from "./statistics.ts";

export interface Round {
  perSecond: number;
  /** Of each call, in milliseconds. */
  latencies: number[];
  /** Processor time of the server, in milliseconds. */
  cpuMs: number;
}

/** Lets every caller make `each` calls of the server. */
export async function drive(
  server: Pick<Server, "cpuMs">,
  callers: (() => Promise<unknown>)[],
  each: number,
): Promise<Round> {
  const latencies: number[] = [];
  const cpuBefore = server.cpuMs();
  const began = performance.now();
  await Promise.all(
    callers.map(async (call) => {
      for (let done = 0; done < each; done++) {
        const sent = performance.now();
        await call();
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const perSecond = (1_000 * latencies.length) / (performance.now() - began);
  return { perSecond, latencies, cpuMs: server.cpuMs() - cpuBefore };
}

/** What both did; of each figure the median of the rounds. */
export interface Comparison {
  /** The product's rate against the reference's. */
  rate: number;
  product: number;
  reference: number;
  /** The product's p99 against the reference's, and both in milliseconds. */
  p99: number;
  productP99: number;
  referenceP99: number;
  /** Processor time of one call in microseconds, over all rounds: it repeats better than the clock on the wall. */
  productCpu: number;
  referenceCpu: number;
}

/** Interleaves rounds of both, who goes first in turns; the first of each is not counted. */
export async function compare(
  rounds: number,
  one: { product(): Promise<Round>; reference(): Promise<Round> },
): Promise<Comparison> {
  const pairs: { product: Round; reference: Round }[] = [];
  await one.product();
  await one.reference();
  for (let round = 0; round < rounds; round++) {
    if (round % 2) {
      const reference = await one.reference();
      pairs.push({ reference, product: await one.product() });
    } else {
      const product = await one.product();
      pairs.push({ product, reference: await one.reference() });
    }
  }
  const p99 = ({ latencies }: Round) => quantile(latencies, 0.99);
  return {
    rate: median(pairs.map(({ product, reference }) => product.perSecond / reference.perSecond)),
    product: median(pairs.map(({ product }) => product.perSecond)),
    reference: median(pairs.map(({ reference }) => reference.perSecond)),
    p99: median(pairs.map(({ product, reference }) => p99(product) / p99(reference))),
    productP99: median(pairs.map(({ product }) => p99(product))),
    referenceP99: median(pairs.map(({ reference }) => p99(reference))),
    productCpu: cpuOfCall(pairs.map(({ product }) => product)),
    referenceCpu: cpuOfCall(pairs.map(({ reference }) => reference)),
  };
}

function cpuOfCall(rounds: Round[]): number {
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  return (1_000 * sum(({ cpuMs }) => cpuMs)) / sum(({ latencies }) => latencies.length);
}
