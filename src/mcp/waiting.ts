/** What an agent reads while it is the server's turn or the clock's, and what the server did on the way. */
import type { Outcome, ServerDid } from "../engine/outcome.ts";
import { currentStep } from "../instance.ts";
import { RELEASED, type Turn, waitingFor } from "../turn.ts";
import { between, exactly, oneLine } from "../words.ts";
import { branchPlace } from "./branch-words.ts";
import { type CheckedView, checkedView, lastLine, took, whereWhole } from "./checked.ts";
import { fitItems } from "./fit.ts";

/** Longest message of what is waited for, in characters. */
const MAX_MESSAGE = 300;

type Waits = Pick<Outcome, "instance" | "workflow" | "wait_command">;

/** `Wait for CI · visit 9 · RELEASE · the server does this step; you have nothing to do`, and what may be called when. */
export function waitingText(waits: Waits): string {
  const { instance } = waits;
  const who = instance.turn?.of === "server" ? "the server does this step" : "the clock runs";
  const { step_name, visit, workflow_name } = instance;
  const place = [step_name, `visit ${visit}`, branchPlace(instance), workflow_name, who].filter(Boolean).join(" · ");
  return [`${place}; you have nothing to do`, waitingLine(waits), ...whenLines(waits)].filter(Boolean).join("\n");
}

/** The same for the structured form; the command has a line of its own, so that it is copied without what follows. */
export function waitingRule(waits: Waits): string {
  return [waitingLine(waits), ...whenLines(waits)].filter(Boolean).join("\n");
}

/** The next call where it is nobody's turn who is asked, and when it is due; undefined if there is none to make. */
export function waitingCall({ instance }: Waits) {
  const { turn, instance_id } = instance;
  if (!turn || turn.of === "agent") return undefined;
  return { tool: "resume_workflow", arguments: { instance_id }, when: whenToResume(turn) };
}

function whenToResume({ of, kind, approval }: Turn): string {
  if (of === "branches") return "a helper has ended its branch";
  if (of !== "person") return "the run has gone on, or the user says so";
  if (RELEASED.has(kind)) return "the user says that it is released";
  return approval ? "the user says that it is approved or denied" : "the user wants to go on";
}

/** `gh pr checks: exited with 8 at 14:02:11 UTC; every 30 s, until 15:02:00 UTC at the latest.` */
function waitingLine({ instance, workflow }: Waits): string {
  const waiting = waitingFor(instance);
  if (!waiting) return "";
  const { kind, message, until, since } = waiting;
  if (kind === "time") return `It is handed out at ${clock(until ?? since, since)}.`;
  const repeats = currentStep(workflow, instance)?.until_passes;
  const again =
    repeats && `every ${exactly(repeats.every)}, until ${clock(later(since, repeats.at_most), since)} at the latest`;
  const seen = message && oneLine(message, MAX_MESSAGE);
  if (!seen && !again) return `It runs since ${clock(since, since)}.`;
  return `${[seen, again].filter(Boolean).join("; ")}.`;
}

function whenLines({ instance, wait_command }: Waits): string[] {
  const call = `resume_workflow {"instance_id":"${instance.instance_id}"}`;
  if (!wait_command) return [`Do not poll. In about a minute: ${call}`];
  return [
    "Do not poll. Run in the background (if nobody can be asked, in the foreground):",
    wait_command,
    `When it ends: ${call}`,
    `No shell? Tell the user that "${instance.step_name}" goes on by itself and to say when to look again, and end your turn.`,
  ];
}

/** When a step with a deadline must be reported; empty if it has none. */
export function deadlineRule({ instance }: Pick<Outcome, "instance">): string {
  const { turn } = instance;
  if (turn?.of !== "agent" || !turn.until) return "";
  return `Report by ${clock(turn.until, turn.since)} (${between(turn.since, turn.until)} from the hand-out): a later report does not count.`;
}

/** Why the agent does a step of the server; empty if it is none. */
export function handedOverRule({ instance }: Pick<Outcome, "instance">): string {
  const why = instance.turn?.unchecked;
  return why ? `The server would do this step, but may not here (${oneLine(why, MAX_MESSAGE)}): do it yourself.` : "";
}

/** A server step as a field of the answer. */
export type ServerDidView = Omit<CheckedView, "check"> & { step_name: string; visit: number };

/** As many as there is room for, the last ones. */
export function serverDidWithin(did: ServerDid[] | undefined, mostBytes: number) {
  const views = (did ?? []).map(({ step_name, visit, seen }): ServerDidView => {
    const { check: _check, ...looked } = checkedView(seen);
    return { step_name, visit, ...looked };
  });
  return fitItems(views.reverse(), mostBytes).shown.reverse();
}

/** `Done by the server: Run Unit Tests ✓ exit 0, 23 s; output: /…/4-test.log → Commit Changes ✗ exit 1`; empty if nothing was. */
export function serverDidLine(did: ServerDidView[]): string {
  if (did.length === 0) return "";
  const words = did.map(({ step_name, outcome, exit_code, milliseconds, reason, ...output }) => {
    const mark = outcome === "passed" ? "✓" : "✗";
    const facts = [
      exit_code === undefined ? reason : `exit ${exit_code}`,
      milliseconds !== undefined && took(milliseconds),
    ].filter(Boolean);
    const last = outcome === "passed" ? "" : lastLine(output);
    return [`${step_name} ${mark} ${facts.join(", ")}`, last, whereWhole(output)].filter(Boolean).join("; ");
  });
  return `Done by the server: ${words.join(" → ")}`;
}

/** Of the keys that server steps set, those that this line does not tell: what programs printed. */
export function untold(keys: string[], { steps }: Outcome["workflow"]): string[] {
  return keys.filter((key) => steps.some(({ sets }) => sets?.[key] === "output_end"));
}

/** `14:02:11 UTC`, with the date if that is another day than the beginning was. */
function clock(time: string, since: string): string {
  const day = time.slice(0, 10);
  return `${day === since.slice(0, 10) ? "" : `${day} `}${time.slice(11, 19)} UTC`;
}

function later(since: string, seconds: number): string {
  return new Date(Date.parse(since) + seconds * 1_000).toISOString();
}
