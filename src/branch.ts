/** A run that another one started at a branch step, and how the branches of one visit stand together. */
import { z } from "zod";
import { JsonObject } from "./json.ts";

/** Most branches of one tree that are open at once, and most that are ever begun in it. */
export const MAX_OPEN = 200;
export const MAX_BEGUN = 10_000;
/** Most bytes of a branch's outputs, and of all results of one visit together. */
export const MAX_OUTPUT_BYTES = 8 * 1024;
export const MAX_RESULTS_BYTES = 64 * 1024;

/** Where a branch hangs: which visit of which run began it, and for what. */
export const Branch = z.object({
  parent_id: z.string(),
  /** The run at the top of the tree. */
  root_id: z.string(),
  /** The parent's branch step, and its visit of it. */
  step_name: z.string(),
  visit: z.int(),
  /** 1 for the branch of the first item; `total` is how many there are. */
  number: z.int(),
  total: z.int(),
  item: z.unknown(),
  /** 1 for the branches of a root. */
  depth: z.int(),
  /** It was begun to be open beside others. */
  beside: z.literal(true).optional(),
  /** When somebody resumed it by its id: it is not handed out as new any more. Of the row alone. */
  taken_at: z.string().optional(),
});
export type Branch = z.infer<typeof Branch>;

/** The branches of one visit, counted. Those that are open are `begun` without those that ended. */
export const BranchCounts = z.object({
  total: z.int(),
  begun: z.int(),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  /** How many may be open at once. */
  max_parallel: z.int(),
});
export type BranchCounts = z.infer<typeof BranchCounts>;

/** What became of one branch, as its parent gets it. */
export const BranchResult = z.object({
  item: z.unknown(),
  status: z.enum(["COMPLETED", "FAILED", "CANCELLED"]),
  outputs: JsonObject.optional(),
  error: z.string().optional(),
});
export type BranchResult = z.infer<typeof BranchResult>;

/** What became of all branches of a visit. */
export interface Joined extends Pick<BranchCounts, "total" | "completed" | "failed" | "cancelled"> {
  results: BranchResult[];
  /** The file that holds the results with their outputs, if these are too large together. */
  outputs_file?: string;
  /** Why there were none. */
  error?: string;
}

/** How many of them are open. Those that were cancelled before they began are counted as ended. */
export function openOf({ begun, completed, failed, cancelled }: BranchCounts): number {
  return Math.max(0, begun - completed - failed - cancelled);
}

/** `2 done, 1 failed, 2 open, 4 not begun`, without what is none. */
export function countWords(counts: BranchCounts): string {
  const { total, begun, completed, failed, cancelled } = counts;
  const left = total - Math.max(begun, completed + failed + cancelled);
  const all = { done: completed, failed, cancelled, open: openOf(counts), "not begun": left };
  const words = Object.entries(all).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return words.join(", ");
}
