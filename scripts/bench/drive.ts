/** Many callers at once, each one call after the other; two servers in turns, so that a noisy machine harms both. */
import { median, quantile } from "./statistics.ts";

export interface Round {
  perSecond: number;
  /** Of each call, in milliseconds. */
  latencies: number[];
}

/** Lets every caller make `each` calls. */
export async function drive(callers: (() => Promise<unknown>)[], each: number): Promise<Round> {
  const latencies: number[] = [];
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
  return { perSecond: (1_000 * latencies.length) / (performance.now() - began), latencies };
}

export interface Comparison {
  /** Medians of the rounds: the product's rate against the reference's. */
  rate: number;
  product: number;
  reference: number;
  /** The product's p99 against the reference's, and both in milliseconds. */
  p99: number;
  productP99: number;
  referenceP99: number;
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
  };
}
