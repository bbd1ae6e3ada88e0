/** What answers say of a fork: where it came from, and what is not as it was then. */
import type { Outcome } from "../engine/outcome.ts";
import type { ForkedFrom, Instance } from "../instance.ts";

/** Characters of a commit's id. */
const ID_LENGTH = 7;

/** `forked from run_7k… at visit 3`; empty if it is no fork. */
export function forkedWords({ forked_from }: Pick<Instance, "forked_from">): string {
  return forked_from ? `forked from ${forked_from.instance_id} at visit ${forked_from.visit}` : "";
}

/** The same for lists and states, without what only the server counts by. */
export function forkedView({ forked_from }: Pick<Instance, "forked_from">) {
  if (!forked_from) return undefined;
  const { instance_id, visit, head } = forked_from;
  return { instance_id, visit, head };
}

/** The first answer: what the agent must know before it begins. */
export function forkLine({ forked }: Pick<Outcome, "forked">): string {
  if (!forked) return "";
  const { instance_id, from, source, head, files } = forked;
  const lines = [
    `${instance_id} is a fork of ${from.instance_id} from its visit ${from.visit}; that run stays as it is (${source}).`,
    headWords(from, head),
    "The project's files are as the old attempt left them: commit it on a branch or stash it first; no reset.",
    files && `Files of that run were not copied: ${files}`,
  ];
  return lines.filter(Boolean).join(" ");
}

/** The same as a field. */
export function forkView({ forked }: Pick<Outcome, "forked">) {
  if (!forked) return undefined;
  const { from, source: status, head: head_now, files } = forked;
  return { ...forkedView({ forked_from: from }), head_now, status, ...(files ? { files } : {}) };
}

/** Of a recap: `Forked from run_7k… at visit 3. git HEAD was a1b2c3d then and is d4e5f6a now.` */
export function forkRecapLine({ forked_from }: Pick<Instance, "forked_from">, now: string | null): string {
  if (!forked_from) return "";
  const line = `Forked from ${forked_from.instance_id} at visit ${forked_from.visit}.`;
  return [line, headWords(forked_from, now)].filter(Boolean).join(" ");
}

function headWords({ head }: Pick<ForkedFrom, "head">, now: string | null): string {
  if (now === null) return head === null ? "" : `git HEAD was ${short(head)} then.`;
  if (head === null) return `git HEAD is ${short(now)} now; where it was then is not known.`;
  return head === now
    ? `git HEAD is still ${short(now)}.`
    : `git HEAD was ${short(head)} then and is ${short(now)} now.`;
}

function short(id: string): string {
  return id.slice(0, ID_LENGTH);
}
