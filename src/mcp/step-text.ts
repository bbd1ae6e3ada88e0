/** A step answer as text, for clients that show the model nothing else. */
import { goesOnByItself, waitingFor, waitsWords } from "../turn.ts";
import { between, oneLine, quoted } from "../words.ts";
import { assumptionsLine } from "./assumptions.ts";
import { boardText, branchPlace, endedLines, isGivenBack } from "./branch-words.ts";
import { checkedLine } from "./checked.ts";
import { contextLine } from "./context-view.ts";
import { forkLine } from "./fork-words.ts";
import { lineWords } from "./line-of-steps.ts";
import {
  checkingRule,
  checkRules,
  FAILURE_RULE,
  keptRule,
  notedRule,
  outcomeRule,
  pausedRule,
  rules,
  unattendedRule,
  type View,
} from "./step-words.ts";
import { deadlineRule, handedOverRule, serverDidLine, untold, waitingText } from "./waiting.ts";

/** Longest of what a person is asked, and of why it is asked again, in characters. */
const MAX_ASK = 300;

export function stepText(view: View): string {
  return lines([
    endedLines(view),
    forkLine(view),
    deniedLine(view),
    checkedLine(view.checked),
    serverDidLine(view.server_did),
    textOf(view),
    filesLine(view),
  ]);
}

function textOf(view: View): string {
  const { instance } = view;
  if (isGivenBack(view)) return replayLine(view); // whoever did it is told no more
  switch (instance.status) {
    case "RUNNING":
      return runningText(view);
    case "SUSPENDED":
      if (view.did === "noted") return pausedRule(view);
      return lines([view.recap, replayLine(view), suspendedLine(view), rules(view)]);
    case "COMPLETED":
    case "FAILED":
    case "CANCELLED":
      return lines([view.recap, endLine(view), reasonLine(view), outcomeRule(view), assumptionsLine(view.assumptions)]);
    default:
      return instance.status satisfies never;
  }
}

function runningText(view: View): string {
  if (view.board) return lines([view.recap && `${view.recap}\n`, replayLine(view), boardText(view)]);
  if (goesOnByItself(view.instance))
    return lines([view.recap && `${view.recap}\n`, replayLine(view), waitingText(view)]);
  if (view.did === "noted") return notedRule(view);
  if (view.did === "checking") return lines([view.recap, checkingRule(view)]);
  const call = JSON.stringify(view.next_call);
  if (view.did === "kept") {
    const how = "Call advance_workflow; the report need not be repeated:";
    return lines([view.recap, replayLine(view), noteLine(view), keptRule(view), guidanceLines(view), how, call]);
  }
  const choice = view.ask && `Then choose what follows, by this guidance:\n${guidanceLines(view)}`;
  const how = "When done and verified, call advance_workflow:";
  const work = [headLines(view), view.step?.instructions, unattendedRule(view)].filter((part) => part !== "");
  return `${work.join("\n\n")}\n\n---\n${lines([faultLine(view), handedOverRule(view), choice, how, call, checkRules(view), deadlineRule(view), FAILURE_RULE])}`;
}

function headLines(view: View): string {
  const { instance, step } = view;
  const progress = lineWords(step?.progress);
  const branch = branchPlace(instance);
  const name = branch ? `${instance.workflow_name} (${instance.instance_id})` : instance.workflow_name;
  const place = [progress, step?.step_name, `visit ${instance.visit}`, branch, name];
  const head = place.filter(Boolean).join(" · ");
  return lines([
    view.recap && `${view.recap}\n`,
    head,
    replayLine(view),
    noteLine(view),
    alsoLine(view),
    setLine(view),
  ]);
}

function guidanceLines({ ask, free }: View): string {
  if (!ask) return "";
  const quoted = ask.guidance.split("\n").map((line) => `> ${line}`.trimEnd());
  const others = '(any other step or FINISH: say why in "details"; it is recorded as off the guidance)';
  return [...quoted, `Candidates: ${ask.guided.join(" | ")}`, ...(free ? [others] : [])].join("\n");
}

function suspendedLine({ instance }: View): string {
  const { message, ask, again } = waitingFor(instance) ?? {};
  const needs = ask === undefined ? message : `${instance.step_name} needs a person's approval`;
  const asked = [ask && `Asked: ${oneLine(ask, MAX_ASK)}`, again && `Asked again: ${oneLine(again, MAX_ASK)}`];
  return lines([
    ["SUSPENDED", needs ?? "", `visit ${instance.visit}`, branchPlace(instance), instance.workflow_name]
      .filter((part) => part !== undefined)
      .join(" · "),
    ...asked.filter((part) => part !== undefined && part !== ""),
  ]);
}

/** `Denied by cli: Deploy (visit 4): "not before the freeze is over"` */
export function deniedLine({ denied }: Pick<View, "denied">): string {
  if (denied?.ruling?.kind !== "denied") return "";
  const { comment } = denied.ruling;
  const said = comment ? `: ${quoted(comment, MAX_ASK)}` : "";
  return `Denied by a person: ${denied.step_name} (visit ${denied.visit})${said}`;
}

function endLine({ instance, replayed }: View): string {
  const took = between(instance.created_at, instance.completed_at ?? instance.updated_at);
  const visits = `${instance.visit} visit${instance.visit === 1 ? "" : "s"}, ${took}`;
  const again = replayed ? " (repeated call)" : "";
  return `${instance.status} · ${instance.workflow_name} · ${visits} · nothing more to call${again}`;
}

/** Why it ended before its goal was reached. */
function reasonLine({ instance, decision }: View): string {
  return decision && instance.status !== "COMPLETED" ? `Reason: ${oneLine(decision.reasoning, 300)}` : "";
}

/** Where files of the run belong, or why there is no place for them. */
function filesLine({ files }: View): string {
  if (!files) return "";
  return "path" in files
    ? `Files of this run belong in ${files.path}`
    : `No place for files of this run: ${files.fault}`;
}

function replayLine({ replayed, decision }: View): string {
  if (!replayed) return "";
  if (!decision) return "(repeated call: this is where that run is now)";
  return `(repeated call: that visit was decided before, by ${decision.decided_by}, for ${decision.next_step}; this is where the run is now)`;
}

/** What the step's template could not fill in. */
function faultLine({ step }: View): string {
  const faults = step?.template_faults;
  return faults ? `Not filled in, left as the workflow's author wrote it: ${faults.join("; ")}.` : "";
}

function noteLine({ decision, notes = decision?.notes ?? [] }: View): string {
  return notes.length > 0 ? `Note: ${notes.join("; ")}` : "";
}

/** What a model or the server set and the instructions do not say. What the agent reported it knows, and a recap has the rest. */
function setLine({ decision, context = {}, recap, server_set = [], workflow }: View): string {
  const keys = [...new Set([...Object.keys(decision?.context_updates ?? {}), ...untold(server_set, workflow)])];
  const set = keys.filter((key) => Object.hasOwn(context, key));
  if (recap || set.length === 0) return "";
  return `Set in the context: ${contextLine(Object.fromEntries(set.map((key) => [key, context[key]])))}`;
}

function alsoLine({ also_running }: View): string {
  if (!also_running) return "";
  const names = also_running.map(({ instance_id, step_name, waiting_for }) => {
    const waits = waiting_for ? `, ${waitsWords(waiting_for)}` : "";
    return `${instance_id} (at ${step_name}${waits})`;
  });
  return `Also running here: ${names.join(", ")}. If you meant that one, go on with it: resume_workflow {"instance_id":…}`;
}

function lines(parts: (string | undefined)[]): string {
  return parts.filter(Boolean).join("\n");
}
