/** What an agent reads of branches: which one it is at, which ones ended, and the board where several are open at once. */
import { type Branch, countWords } from "../branch.ts";
import type { EndedBranch, Outcome, Shown } from "../engine/outcome.ts";
import type { Instance } from "../instance.ts";
import { type Waiting, waitsWords } from "../turn.ts";
import { between, oneLine, quoted } from "../words.ts";
import { bytesOf, fitItems } from "./fit.ts";

/** Longest item in a line, in characters; the context has it whole. */
const MAX_ITEM = 60;
/** Longest name of a step on the board, longest reason for which a branch ended, and longest of what one waits for, in characters. */
const MAX_STEP = 60;
const MAX_WHY = 200;
const MAX_ASK = 100;
/** Most branches that ended that a text names, the last ones. */
const MAX_ENDED = 5;

export const GIVE_BACK = "Nothing more to call: tell whoever gave it to you.";

/** `money.js`, or the item as JSON. */
export function itemWords(item: unknown): string {
  return oneLine(typeof item === "string" ? item : (JSON.stringify(item) ?? ""), MAX_ITEM);
}

/** The item as it is, unless it is long. */
export function itemView(item: unknown): unknown {
  return bytesOf(item) <= MAX_ITEM ? item : itemWords(item);
}

/** `branch 3 of 7 of Audit Modules: money.js`; undefined for a root. */
export function branchPlace({ branch }: Pick<Instance, "branch">): string | undefined {
  if (!branch) return undefined;
  return `branch ${branch.number} of ${branch.total} of ${branch.step_name}: ${itemWords(branch.item)}`;
}

/** `item 3 of 7`; undefined for a root. */
export function branchProgress({ branch }: Pick<Instance, "branch">): string | undefined {
  return branch ? `item ${branch.number} of ${branch.total}` : undefined;
}

/** The same as a field of the answer. */
export function branchView({ branch }: Pick<Instance, "branch">) {
  if (!branch) return undefined;
  const { parent_id, step_name, number, total, item } = branch;
  return { of: parent_id, step_name, number, total, item: itemView(item) };
}

type Ends = Pick<Outcome, "ended" | "instance">;

/** A branch beside others ended, and nothing more is to be told to whoever did it. */
export function isGivenBack({ ended, instance }: Ends): boolean {
  const last = ended?.at(-1);
  return last?.beside === true && last.instance_id === instance.instance_id;
}

/** `Branch 3 of 7 (money.js) is COMPLETED. Next, branch 4 of 7: names.js`, a line for each that ended; empty if none did. */
export function endedLines(at: Ends): string {
  const { ended = [] } = at;
  const earlier = ended.length - MAX_ENDED;
  const lines = ended.slice(-MAX_ENDED).map((each) => endedLine(each, at));
  return [...(earlier > 0 ? [`${earlier} branches ended before these.`] : []), ...lines].join("\n");
}

function endedLine(each: EndedBranch, at: Ends): string {
  const { number, total, item, status, error, parent_id, step_name } = each;
  const why = error ? `: ${quoted(error, MAX_WHY)}` : "";
  const head = `Branch ${number} of ${total} (${itemWords(item)})`;
  if (isGivenBack(at) && each === at.ended?.at(-1)) return `${head} has ended: ${status}. ${GIVE_BACK}`;
  const isLastOf = !at.ended?.some((other) => other.parent_id === parent_id && other.number > number);
  return `${head} is ${status}${why}. ${isLastOf ? nextWords({ parent_id, number, step_name }, at.instance) : ""}`.trim();
}

/** What came after a branch that was the last one to end of its step. */
function nextWords(
  { parent_id, number, step_name }: Pick<EndedBranch, "parent_id" | "number" | "step_name">,
  at: Instance,
) {
  const next: Branch | null = at.branch?.parent_id === parent_id && at.branch.number > number ? at.branch : null;
  if (next) return `Next, branch ${next.number} of ${next.total}: ${itemWords(next.item)}`;
  const isWaiting = at.instance_id === parent_id && at.turn?.branches !== undefined;
  return isWaiting ? "" : `That was the last of ${step_name}.`;
}

/** The same as a field of the answer: the last ones, as many as there is room for. */
export function endedView({ ended }: Ends, mostBytes: number) {
  if (!ended) return undefined;
  const views = ended.map(({ instance_id, number, item, status, error }) => ({
    instance_id,
    number,
    item: itemView(item),
    status,
    ...(error ? { error: oneLine(error, MAX_WHY) } : {}),
  }));
  return fitItems(views.reverse(), mostBytes).shown.reverse();
}

/** The board as a field of the answer. No more than 20 are open at once, and each has few words: all have room. */
export function boardView({ board }: Pick<Outcome, "board">) {
  if (!board) return undefined;
  const { total, completed, failed, cancelled } = board.counts;
  return { total, completed, failed, cancelled, new: board.fresh.map(freshView), open: board.open.map(shownView) };
}

function shownView(shown: Shown) {
  const { number, item, instance_id, step_name, last_report_at, taken_at, waiting_for, person_command } = shown;
  return {
    number,
    item: itemView(item),
    instance_id,
    step_name: oneLine(step_name, MAX_STEP),
    last_report_at,
    ...(taken_at && !last_report_at ? { taken_at } : {}),
    ...(waiting_for ? { waiting_for: { kind: waiting_for.kind, ...askOf(waiting_for) } } : {}),
    ...(person_command ? { person_command } : {}),
  };
}

function askOf({ ask, message }: Waiting) {
  const words = ask ?? message;
  return words ? { ask: oneLine(words, MAX_ASK) } : {};
}

function freshView(shown: Shown) {
  const { last_report_at: _none, ...rest } = shownView(shown);
  return { ...rest, for_helper: helperLine(shown.instance_id) };
}

function helperLine(instance_id: string): string {
  return `Call the orchestrator's tool resume_workflow with {"instance_id":"${instance_id}"} (never {}), do each step it gives until it says the branch has ended, then stop.`;
}

const GONE = `A helper gone without ending its branch? Give another one this, with that id: ${helperLine("…")}`;

/** `Audit Modules: 7 branches, up to 3 at once; 2 done, 2 failed, 2 open. Do not poll.`, what is new, what is open, what to call when. */
export function boardText({ board, instance }: Pick<Outcome, "board" | "instance">): string {
  if (!board) return "";
  const { counts, fresh, open, now } = board;
  const most = counts.max_parallel;
  const lines = [
    `${instance.step_name}: ${counts.total} branches, up to ${most} at once; ${countWords(counts)}. Do not poll.`,
    "Were you given one branch only? Resume that one by its id; the rest is not yours.",
    ...(fresh.length > 0 ? ["New. Give a helper this line, or do it yourself:"] : []),
    ...fresh.map((each) => `${each.number} ${itemWords(each.item)} → ${helperLine(each.instance_id)}`),
    ...(open.length > 0 ? ["Open, leave them to their helpers:", ...open.map((each) => openLine(each, now))] : []),
    personLine(open),
    ...(open.length > 0 ? [GONE] : []),
    `When a helper has ended: resume_workflow {"instance_id":"${instance.instance_id}"}`,
  ];
  return lines.filter(Boolean).join("\n");
}

/** `5 shipping.js · Read Module, last report 41 min ago · run_b…` */
function openLine(shown: Shown, now: string): string {
  const { number, item, step_name, last_report_at, taken_at, instance_id, waiting_for } = shown;
  const began = taken_at ? `taken up ${between(taken_at, now)} ago, no report yet` : "no report yet";
  const heard = last_report_at ? `last report ${between(last_report_at, now)} ago` : began;
  const state = waiting_for ? `waits: ${waitsLine(waiting_for)}` : heard;
  return `${number} ${itemWords(item)} · ${oneLine(step_name, MAX_STEP)}, ${state} · ${instance_id}`;
}

/** `approval (Deploy 1.2.0?)` */
function waitsLine(waiting_for: Waiting): string {
  const { ask } = askOf(waiting_for);
  return `${waitsWords(waiting_for)}${ask ? ` (${ask})` : ""}`;
}

/** What a person does for those that wait for one. */
function personLine(open: Shown[]): string {
  const commands = open.flatMap(({ person_command }) => person_command ?? []);
  if (commands.length === 0) return "";
  return `A person must act. Tell the user to run in a terminal of their own: ${commands.map((each) => `\`${each}\``).join(", ")}. Do not do it yourself.`;
}

/** The same for the structured form, which has the lists as fields. */
export function boardRule({ instance, board }: Pick<Outcome, "instance" | "board">): string {
  const { fresh = [], open = [] } = board ?? {};
  const waits = open.some(({ person_command }) => person_command !== undefined);
  const parts = [
    "Do not poll.",
    fresh.length > 0 && "Give each of branches.new to a helper by its line, or do it yourself.",
    open.length > 0 && `Leave branches.open to their helpers. ${GONE}`,
    waits && "Where person_command stands, tell the user to run it in a terminal of their own; do not do it yourself.",
    `When a helper has ended: resume_workflow {"instance_id":"${instance.instance_id}"}.`,
    "Were you given one branch only? Resume that one by its id; the rest is not yours.",
  ];
  return parts.filter(Boolean).join(" ");
}
