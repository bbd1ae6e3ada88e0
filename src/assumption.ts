/** What the agent decided on the user's behalf: an assumption that the user should hear of at the end. */
import { z } from "zod";

/** Most assumptions of one report, and most characters of each. */
export const MAX_ASSUMPTIONS = 10;
export const MAX_ASSUMPTION = 300;
/** Most assumptions at hand in the row: the last ones of the live path. */
const MAX_AT_HAND = 50;

export const Assumption = z.object({
  /** The visit that reported it first. */
  visit: z.int(),
  text: z.string(),
});
export type Assumption = z.infer<typeof Assumption>;

/** What is at hand after a report of that visit; the same words count once, however often they are said. */
export function assume(
  before: Assumption[],
  said: { visit: number; report: { assumptions?: string[] | undefined } | null },
): Assumption[] {
  if (!said.report?.assumptions?.length) return before;
  const known = new Set(before.map(({ text }) => text));
  const fresh = [...new Set(said.report.assumptions)].filter((text) => !known.has(text));
  if (fresh.length === 0) return before;
  return [...before, ...fresh.map((text) => ({ visit: said.visit, text }))].slice(-MAX_AT_HAND);
}
