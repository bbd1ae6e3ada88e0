/** What `cancel` and `rewind` share: what of a run is shown before, who is asked, and what is said once it is done. */
import { openOf } from "../branch.ts";
import { AppError } from "../errors.ts";
import { type Instance, isFinal } from "../instance.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import type { PinKeeper } from "../pin.ts";
import { RELEASED, turnWords, waitingFor } from "../turn.ts";
import { between } from "../words.ts";
import { JSON_OUTPUT, type Options, STATE, type Terminal, type Words } from "./command.ts";
import { personAt } from "./person.ts";

/** Longest reason, in characters: as an agent may give it. */
const MAX_REASON = 1_000;

export const STEERING = {
  reason: { type: "string", value: "TEXT", help: "Why: the history keeps it" },
  yes: { type: "boolean", help: "Do it without asking, unless a PIN is set" },
  ...STATE,
  ...JSON_OUTPUT,
} satisfies Options;

/** The reason among the words. Throws INVALID_INPUT if it is too long. */
export function reasonOf({ values }: Words): string | undefined {
  const { reason } = values;
  if (typeof reason !== "string") return undefined;
  if (reason.length <= MAX_REASON) return reason;
  throw new AppError("INVALID_INPUT", `The reason has ${reason.length} characters; nothing changed.`, {
    hint: `Say it in ${MAX_REASON} at most, or name a file in which you say more.`,
  });
}

interface Asking {
  words: Words;
  terminal: Terminal;
  pin: PinKeeper;
  question: string;
  /** Why only a person may do it, whatever the words say; absent: an agent may do it too, by a tool. */
  personal?: string | undefined;
}

/** Who wants it: whoever wrote `--yes`, or a person at the terminal; null: nobody. Throws INVALID_INPUT if nobody can be asked. */
export async function whoWants({
  words,
  terminal,
  pin,
  question,
  personal,
}: Asking): Promise<"words" | "person" | null> {
  const guarded = personal ?? ((await pin.state()).set ? "a PIN is set" : undefined);
  const { yes, json } = words.values;
  if (yes && guarded === undefined) return "words";
  const { input, output } = terminal.ends();
  if (guarded === undefined && (json || !input.isTTY || !output.isTTY)) {
    throw new AppError("INVALID_INPUT", "Nobody can be asked here; nothing changed.", {
      hint: "Run the command in a terminal, without --json, pipes and redirections, or add --yes.",
    });
  }
  const person = personAt(words, terminal);
  if (yes) terminal.complain(`--yes does not count: ${guarded}.`);
  return (await person.agrees(question, pin)) ? "person" : null;
}

/** `run_7k… (WORK) is RUNNING at Implement, visit 3, for 12 min.`, and where it hangs. */
export function standsText(instance: Instance, now: Date): string {
  const { instance_id, workflow_name, status, step_name, visit, visit_started_at, turn } = instance;
  const at = isFinal(status)
    ? ""
    : ` at ${step_name}, visit ${visit}, for ${between(visit_started_at, now.toISOString())}`;
  const waits = turn && turn.of !== "agent" ? `Waits: ${turnWords(turn)}` : "";
  return [`${instance_id} (${workflow_name}) is ${status}${at}.`, hangsWords(instance), waits]
    .filter(Boolean)
    .join("\n");
}

/** What is lost by ending the visit, in sentences; empty if it is nothing. */
export function lostWords({ turn, pending }: Instance): string[] {
  const open = turn?.branches ? openOf(turn.branches) : 0;
  const branches = open === 1 ? "The open branch is cancelled." : `The ${open} open branches are cancelled.`;
  return [
    ...(open > 0 ? [branches] : []),
    ...(turn?.approval?.yes ? ["The yes that was given, and is not used yet, is void."] : []),
    ...(pending ? ["The report that is kept, and not decided yet, becomes a note."] : []),
  ];
}

/** Where the run is now, and who goes on with it. */
export function whatNext({ instance_id, status, step_name, visit, turn }: Instance): string {
  if (!turn) return `${instance_id} is ${status}. The agent is told at its next call.`;
  const there = `${instance_id} is ${status} at ${step_name}, visit ${visit}.`;
  if (turn.kind === "approval" && !turn.approval?.yes)
    return `${there} It waits for your approval: orchestrator approve ${instance_id} shows what it is about and asks you.`;
  if (RELEASED.has(turn.kind)) return `${there} It waits for you: orchestrator release ${instance_id}`;
  const servers = turn.of === "server" && turn.kind === "server_step" ? "A server of the project does this step. " : "";
  return `${there} ${servers}Tell the agent: resume_workflow {"instance_id":"${instance_id}"}`;
}

/** The same as data. */
export function whereView(instance: Instance) {
  const { instance_id, status, step_name, visit } = instance;
  return { instance_id, status, step_name, visit, waiting_for: waitingFor(instance) };
}
