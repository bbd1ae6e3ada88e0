/** A diff as a person is shown it, between two trees of a scratch that holds all it needs. */
import { type Exhibit, MAX_DIFF_BYTES } from "../approval.ts";
import type { Scratch } from "./scratch.ts";
import type { Trees } from "./scratch-tree.ts";

const DIFF = ["diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color"];
/** No more than 200 lines: one says that there are more, one has the sums. */
const STAT = ["--stat=100", "--stat-count=198"];
const PATCH = ["-p", "--src-prefix=a/", "--dst-prefix=b/"];

type Shown = Pick<Exhibit, "stat" | "text" | "bytes">;

export async function shownDiff({ before, now }: Trees, scratch: Scratch): Promise<Shown> {
  const kept: Uint8Array[] = [];
  let total = 0;
  const take = (chunk: Uint8Array) => {
    if (total <= MAX_DIFF_BYTES) kept.push(chunk);
    total += chunk.length;
  };
  const [stat] = await Promise.all([
    scratch.git([...DIFF, ...STAT, before, now]),
    scratch.stream([...DIFF, ...PATCH, before, now], take),
  ]);
  const all = Buffer.concat(kept).toString("utf8");
  const text = wholeLines(all);
  return { stat: stat.toString("utf8").trimEnd(), text, ...(text === all ? {} : { bytes: total }) };
}

/** As much as may be shown, up to a line's end; of a single longer line, whole characters. */
function wholeLines(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_DIFF_BYTES) return text;
  const end = bytes.lastIndexOf("\n", MAX_DIFF_BYTES - 1) + 1;
  if (end > 0) return bytes.toString("utf8", 0, end);
  return bytes.toString("utf8", 0, MAX_DIFF_BYTES).replace(/\uFFFD$/, "");
}
