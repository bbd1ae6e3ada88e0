/** What an agent reads of branches: which one it is at, which one ended, and the board where several are open at once. */
import { type Branch, countWords } from "../branch.ts";
import type { Outcome } from "../engine/outcome.ts";
import type { EndedBranch, Shown } from "../engine/places.ts";
import type { Instance } from "../instance.ts";
import { between, oneLine } from "../words.ts";
import { fitItems } from "./fit.ts";

/** Longest item in a line, in characters; the context has it whole. */
const MAX_ITEM = 80;

/** `money.js`, or the item as JSON. */
function itemWords(item: unknown): string {
  return oneLine(typeof item === "string" ? item : (JSON.stringify(item) ?? ""), MAX_ITEM);
}

/** `branch 3 of 7 of Audit Modules: money.js`; undefined for a root. */
export function branchPlace({ branch }: Pick<Instance, "branch">): string | undefined {
  if (!branch) return undefined;
  return `branch ${branch.number} of ${branch.total} of ${branch.step_name}: ${itemWords(branch.item)}`;
}

/** The same as a field of the answer. */
export function branchView({ branch }: Pick<Instance, "branch">) {
  if (!branch) return undefined;
  const { parent_id, step_name, number, total, item } = branch;
  return { of: parent_id, step_name, number, total, item };
}

/** `Branch 3 of 7 (money.js) is COMPLETED. Next, branch 4 of 7: names.js`; empty if none ended. */
export function endedLine({ ended_branch: ended, instance }: Pick<Outcome, "ended_branch" | "instance">): string {
  if (!ended) return "";
  const head = `Branch ${ended.number} of ${ended.total} (${itemWords(ended.item)})`;
  if (ended.beside) return `${head} has ended: ${ended.status}. ${GIVE_BACK}`;
  const next = nextAfter(ended, instance.branch);
  return `${head} is ${ended.status}. ${next ? `Next, branch ${next.number} of ${next.total}: ${itemWords(next.item)}` : `That was the last of ${ended.step_name}.`}`;
}

export const GIVE_BACK = "Nothing more to call: tell whoever gave it to you.";

function nextAfter({ parent_id, number }: EndedBranch, at: Branch | null): Branch | null {
  return at?.parent_id === parent_id && at.number > number ? at : null;
}

/** The board as a field of the answer, with as many lines as there is room for. */
export function boardView({ board }: Pick<Outcome, "board">, mostBytes: number) {
  if (!board) return undefined;
  const { total, completed, failed, cancelled } = board.counts;
  const fresh = fitItems(board.fresh.map(freshView), mostBytes / 2).shown;
  const open = fitItems(board.open.map(shownView), mostBytes / 2).shown;
  return { total, completed, failed, cancelled, new: fresh, open };
}

function shownView({ number, item, instance_id, step_name, last_report_at }: Shown) {
  return { number, item, instance_id, step_name, last_report_at };
}

function freshView(shown: Shown) {
  const { last_report_at: _none, ...rest } = shownView(shown);
  return { ...rest, for_helper: helperLine(shown) };
}

function helperLine({ instance_id }: Shown): string {
  return `Call the orchestrator's tool resume_workflow with {"instance_id":"${instance_id}"} (never {}), do each step it gives until it says the branch has ended, then stop.`;
}

/** `Audit Modules: 7 branches, up to 3 at once; 2 done, 2 failed, 2 open. Do not poll.`, what is new, what is open, what to call when. */
export function boardText({ board, instance }: Pick<Outcome, "board" | "instance">): string {
  if (!board) return "";
  const { counts, fresh, open, now } = board;
  const most = counts.max_parallel;
  const lines = [
    `${instance.step_name}: ${counts.total} branches, up to ${most} at once; ${countWords(counts)}. Do not poll.`,
    "Were you given one branch only? Resume that one by its id; the rest is not yours.",
    ...(fresh.length > 0 ? ["New. Give a helper this line, or do it yourself:"] : []),
    ...fresh.map((each) => `${each.number} ${itemWords(each.item)} → ${helperLine(each)}`),
    ...(open.length > 0 ? ["Open, leave them to their helpers:", ...open.map((each) => openLine(each, now))] : []),
    ...(open.length > 0 ? ["A helper gone without ending its branch: give the line again with that id."] : []),
    `When a helper has ended: resume_workflow {"instance_id":"${instance.instance_id}"}`,
  ];
  return lines.join("\n");
}

/** `5 shipping.js · Read Module, last heard of 41 min ago · run_b…` */
function openLine({ number, item, step_name, last_report_at, instance_id }: Shown, now: string): string {
  const heard = last_report_at ? `last heard of ${between(last_report_at, now)} ago` : "not heard of yet";
  return `${number} ${itemWords(item)} · ${step_name}, ${heard} · ${instance_id}`;
}

/** The same for the structured form, which has the lists as fields. */
export function boardRule({ instance, board }: Pick<Outcome, "instance" | "board">): string {
  const again = `resume_workflow {"instance_id":"${instance.instance_id}"}`;
  const more =
    board && board.open.length > 0
      ? " Leave those in open to their helpers; one gone without ending its branch: give its line again."
      : "";
  return `Do not poll. Give each of branches.new to a helper by its line, or do it yourself.${more} When one has ended: ${again}. Were you given one branch only? Resume that one by its id.`;
}
