/** What both forms of a step answer say in words: the checks, the rules, when to call next. */
import type { Ask, Outcome } from "../engine/outcome.ts";
import type { StepCheck } from "../engine/step-checks.ts";
import { stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { goesOnByItself, RELEASED, waitingFor } from "../turn.ts";
import { oneLine } from "../words.ts";
import type { assumptionsWithin } from "./assumptions.ts";
import { boardRule, GIVE_BACK, isGivenBack } from "./branch-words.ts";
import { type checkedWithin, took } from "./checked.ts";
import { waivedLine } from "./run-text.ts";
import { briefStaleLines } from "./stale-words.ts";
import type { NextStep, nextCall } from "./step-view.ts";
import { deadlineRule, handedOverRule, type ServerDidView, waitingCall, waitingRule } from "./waiting.ts";

/** An outcome with what both forms need of it worked out once. */
export interface View extends Omit<Outcome, "ask" | "recap" | "checked" | "server_did"> {
  step: NextStep | null;
  ask: Ask | undefined;
  /** There are candidates beyond those that follow the guidance. */
  free: boolean;
  recap: string | undefined;
  context: JsonObject | undefined;
  checked: ReturnType<typeof checkedWithin>;
  server_did: ServerDidView[];
  /** Told when the run is over. */
  assumptions: ReturnType<typeof assumptionsWithin>;
  /** The arguments of the next advance_workflow call, ready to copy. */
  next_call: ReturnType<typeof nextCall>;
}

/** Longest list of checks in an answer, in characters. */
const MAX_CHECK_WORDS = 400;
const MAX_UNCHECKED_WORDS = 1_000;

/** What the server looks at before it believes the report, and what it may not look at here. */
export function checkRules({ checks, instance }: Pick<View, "checks" | "instance">): string {
  if (checks.length === 0) return waivedLine(instance);
  const reasons = [...new Set(checks.flatMap(({ refusal }) => refusal ?? []))];
  const left = reasons.map((reason) => {
    const labels = checks.filter(({ refusal }) => refusal === reason).map(({ label }) => label);
    return `Not checked by the server: ${oneLine(labels.join(" | "), MAX_CHECK_WORDS)} (${reason})`;
  });
  const looked = checks.filter(({ refusal }) => refusal === null);
  const told = checks.flatMap(({ rule, refusal }) => {
    const looks = refusal === null ? " The server looks at that." : "";
    return rule ? [`${oneLine(rule, MAX_CHECK_WORDS)}${looks}`] : [];
  });
  return [...told, ...willLook(looked, instance.project), ...left, waivedLine(instance)].filter(Boolean).join("\n");
}

/** `After your report the server runs: test (npm test, 23 s last time), in /p. You need not run it yourself.` */
function willLook(checks: StepCheck[], project: string): string[] {
  const programs = checks.filter(({ command }) => command !== undefined);
  const others = checks.filter(({ command, rule }) => !command && !rule).map(({ label }) => label);
  const parts = [
    ...(programs.length > 0 ? [`runs: ${oneLine(programs.map(programWords).join(" | "), MAX_CHECK_WORDS)}`] : []),
    ...(others.length > 0 ? [`looks at: ${oneLine(others.join(" | "), MAX_CHECK_WORDS)}`] : []),
  ];
  if (parts.length === 0) return [];
  const noNeed = programs.length === 0 ? "" : ` You need not run ${programs.length === 1 ? "it" : "them"} yourself.`;
  return [`After your report the server ${parts.join("; it ")}, in ${project}.${noNeed}`];
}

function programWords({ label, command, took: before }: StepCheck): string {
  const facts = [command !== label && command, before !== undefined && `${took(before)} last time`].filter(Boolean);
  return facts.length > 0 ? `${label} (${facts.join(", ")})` : label;
}

/** What was not proven because a person waived it: `Waived by a person: test (visit 4): flaky network.` */
function waivers({ visits }: Outcome["instance"]): string[] {
  const all = Object.values(visits).flatMap(({ waived = [] }) => waived);
  const words = all
    .sort((one, other) => one.visit - other.visit)
    .map(({ what, visit, reason }) => `${what} (visit ${visit}): ${reason}`);
  return words.length > 0 ? [`Waived by a person: ${oneLine(words.join("; "), MAX_UNCHECKED_WORDS)}.`] : [];
}

/** What the checks of the run's path do not vouch for: `Unchecked by the server: Run Unit Tests (visits 4, 7).` */
function openProofs({ instance }: Pick<View, "instance">): string[] {
  const steps = Object.entries(instance.visits);
  const say = (what: string, visitsOf: (seen: (typeof steps)[number][1]) => number[]) => {
    const named = steps
      .map(([name, seen]) => [name, visitsOf(seen)] as const)
      .filter(([, visits]) => visits.length > 0);
    const words = named.map(([name, visits]) => `${name} (visit${visits.length > 1 ? "s" : ""} ${visits.join(", ")})`);
    return words.length > 0 ? [`${what}: ${oneLine(words.join("; "), MAX_UNCHECKED_WORDS)}.`] : [];
  };
  return [
    ...say("Unchecked by the server", ({ unchecked = [] }) => unchecked),
    ...say("Ended as a failure", ({ failed }) => (failed === undefined ? [] : [failed])),
    ...say("Proven before a rewind or fork only", ({ proven_before_rewind: at }) => (at === undefined ? [] : [at])),
  ];
}

/** A call whose checks still run. */
export function checkingRule({ checks_running }: View): string {
  const names = oneLine((checks_running?.checks ?? []).join(" | "), MAX_CHECK_WORDS);
  return `The server still runs its checks (${names}); nothing moved yet. Change nothing meanwhile; in about a minute send the same call again.`;
}

/** A note was taken. */
export function notedRule({ instance }: View): string {
  return `Noted. Still at ${instance.step_name} (${stepIdOf(instance)}); instructions unchanged.`;
}

/** A note was taken that pauses the run. */
export function pausedRule({ instance }: View): string {
  const call = `resume_workflow {"instance_id":"${instance.instance_id}"}`;
  return `Noted, and paused at ${instance.step_name} (${stepIdOf(instance)}). Whoever goes on calls ${call}. You may stop here.`;
}

export const FAILURE_RULE = "Goal not reached? Status failure with error: the workflow handles it. Only this step.";

/** What replaces the user; empty if they can be asked. */
export function unattendedRule({ instance }: Pick<View, "instance">): string {
  if (!instance.unattended) return "";
  return "Nobody can be asked: where the step says ask, take what can be undone, and name it in report.assumptions.";
}

export function keptRule({ instance }: View): string {
  return `Report kept; nothing moved yet. Choose the step after ${instance.step_name} (visit ${instance.visit}):`;
}

/** What the structured form says in place of the text's closing lines. */
export function rules(view: View): string {
  const { instance, ask, did, also_running } = view;
  if (isGivenBack(view)) return GIVE_BACK;
  if (view.board) return boardRule(view);
  if (goesOnByItself(view.instance)) return waitingRule(view);
  if (instance.status === "SUSPENDED" && did === "noted") return pausedRule(view);
  if (instance.status === "SUSPENDED") return suspendedRule(view);
  if (instance.status !== "RUNNING") return `Nothing more to call. ${outcomeRule(view)}`;
  if (did === "checking") return checkingRule(view);
  if (did === "noted") return notedRule(view);
  if (did === "kept" && ask) {
    return `${keptRule(view)}${choiceRule(view)} Call report_with; the report need not be repeated.`;
  }
  const choice = ask ? ` Choose next_step by decision_required.${choiceRule(view)}` : "";
  const handed = handedOverRule(view);
  const more = [checkRules(view), deadlineRule(view)].filter(Boolean).join("\n");
  const checks = more.replace(/\.?\n/g, ". ").replace(/\.$/, "");
  const left = view.step?.template_faults
    ? " What template_faults names was left as the workflow's author wrote it."
    : "";
  const all = [unattendedRule(view), checks && `${checks}.`, FAILURE_RULE].filter(Boolean).join(" ");
  const others = also_running ? " If you meant a run of also_running, resume_workflow with its id." : "";
  return `${handed && `${handed} `}When done and verified, call report_with, filled in.${left}${choice} ${all}${others}`;
}

/** The call to make next, and when, if that is not once the step is done; undefined if there is none. */
export function callNext(view: View) {
  const { instance, did, recap } = view;
  if (instance.turn?.of !== "agent") return waitingCall(view);
  if (did === "checking") return { tool: "advance_workflow", when: "in about a minute, the same call again" };
  if (did === "noted" && !recap) return { tool: "advance_workflow", when: "the step is over" };
  return { tool: "advance_workflow", arguments: view.next_call };
}

/** What is left to do when a run is over. */
export function outcomeRule({ instance, stale }: Pick<View, "instance" | "stale">): string {
  const lines = briefStaleLines(instance, stale).map((line) => `\n${line}`);
  const assumed = instance.assumptions.length > 0 ? " and what was decided on their behalf" : "";
  return (
    [`Tell the user the outcome${assumed}.`, ...openProofs({ instance }), ...waivers(instance)].join(" ") +
    lines.join("")
  );
}

function suspendedRule({ instance, person_command, dialog }: View): string {
  const { instance_id, turn, workflow_name, step_name } = instance;
  const call = `resume_workflow {"instance_id":"${instance_id}"}`;
  if (turn?.approval) {
    const command = person_command ?? `orchestrator approve ${instance_id}`;
    return `${dialog ? `${dialog}\n` : ""}Stop here. Tell the user: "Workflow ${workflow_name} waits for your approval of step ${step_name}: run \`${command}\` in a terminal of your own." Do not poll, do not approve it yourself, do not work on the step.\nWhen the user says it is approved or denied: ${call}`;
  }
  if (!RELEASED.has(waitingFor(instance)?.kind ?? "")) {
    return `Stop here. Tell the user what it waits for; do not poll. When it may go on: ${call}`;
  }
  const command = person_command ?? `orchestrator release ${instance_id}`;
  const then = turn?.kind === "denied" ? "asks for their approval again" : "lets it go on";
  return `Stop here. Tell the user why it waits, and that \`${command}\` in a terminal of their own ${then}. Do not poll, do not release it yourself, do not work on the step.\nWhen the user says it is released: ${call}`;
}

function choiceRule({ ask, free }: View): string {
  if (!ask || !free) return "";
  const count = ask.guided.length;
  const names = count === 1 ? "The first candidate follows" : `The first ${count} candidates follow`;
  return ` ${names} the guidance; for any other say why in "details" (it is recorded as off the guidance).`;
}
