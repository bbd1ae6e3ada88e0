/** What stands below the line of a history's entry: all that was said, seen and changed by it, nothing cut. */
import type { CheckResult } from "../check.ts";
import type { Decision } from "../decision.ts";
import { SERVER } from "../engine/serve.ts";
import type { HistoryEntry } from "../instance.ts";
import type { ContextPatch } from "../json.ts";
import { took } from "../mcp/checked.ts";
import type { Report } from "../report.ts";
import { visible } from "../words.ts";
import { foreign, paint, type Screen } from "./screen.ts";

/** Longest reason of a decision in the line above; a longer one stands whole below it. */
export const MAX_REASONING = 200;
const INDENT = " ".repeat(14);
/** Longest text of others that may stand behind a word of ours, in characters. */
const MAX_BESIDE = 100;

type Look = Screen & {
  /** The entry ends its visit: the line above says how. */
  ends: boolean;
};

export function detailLines(entry: HistoryEntry, look: Look): string[] {
  const { report, evidence = [], context_patch, decision } = entry;
  return [
    ...(report && !saysEvidence(entry) ? reportLines(report, look) : []),
    ...evidence.flatMap((each) => checkLines(each, look)),
    ...patchLines(context_patch, look),
    ...(decision ? decisionLines(decision, look) : []),
  ];
}

/** The server's report of its own step is made of what it saw. */
function saysEvidence({ actor, evidence = [] }: HistoryEntry): boolean {
  return actor === SERVER && evidence.length > 0;
}

function reportLines({ status, details, message, error, result, assumptions = [] }: Report, look: Look): string[] {
  return [
    ...(look.ends || status === "in_progress" || status === "paused" ? [] : said("status", status, look)),
    ...said("", message, look),
    ...said("", details, look),
    ...said("error", error, look),
    ...said("result", result, look),
    ...assumptions.flatMap((each) => said("assumed", each, look)),
  ];
}

/** A value behind its name, or below it if it is long; nothing if there is none. */
function said(name: string, value: unknown, screen: Screen): string[] {
  if (value === undefined || value === "") return [];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const label = name && paint(`${visible(name)}:`, "2", screen);
  if (name && text.length <= MAX_BESIDE && !text.includes("\n")) return [`${INDENT}${label} ${visible(text)}`];
  return [...(name ? [`${INDENT}${label}`] : []), foreign(text, screen, { indent: INDENT })];
}

/** `✗ test failed (sh t.sh, exit 1, 31 ms): exited with 1`, where the whole output is, and its end. */
function checkLines(seen: CheckResult, screen: Screen): string[] {
  const { check, outcome, reason, command, exit_code, milliseconds, output, output_file, output_fault } = seen;
  const facts = [
    command,
    exit_code !== undefined && `exit ${exit_code}`,
    milliseconds !== undefined && took(milliseconds),
  ].filter(Boolean);
  const [sign, code] = SIGNS[outcome];
  const words = `${check.replace(/\s+/g, " ")} ${outcome}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}${reason ? `: ${reason}` : ""}`;
  const kept = output_file ? `whole: ${output_file}` : output_fault && `not kept: ${output_fault}`;
  return [
    `${INDENT}${paint(`${sign} ${visible(words.replaceAll("\n", " "))}`, code, screen)}`,
    ...(kept ? [`${INDENT}  ${paint(visible(kept), "2", screen)}`] : []),
    ...(output ? [foreign(output.replace(/\n$/, ""), screen, { indent: `${INDENT}  ` })] : []),
  ];
}

const SIGNS: Record<CheckResult["outcome"], [sign: string, code: string]> = {
  passed: ["✓", "32"],
  failed: ["✗", "31"],
  unchecked: ["?", "33"],
  waived: ["–", "33"],
};

function patchLines(patch: ContextPatch, screen: Screen): string[] {
  return Object.entries(patch).flatMap(([key, change]) => {
    const name = visible(key.replace(/\s+/g, " "));
    if (!Object.hasOwn(change, "after")) return [`${INDENT}${paint("-", "31", screen)} ${name}`];
    const sign = Object.hasOwn(change, "before") ? paint("~", "33", screen) : paint("+", "32", screen);
    const text = visible(JSON.stringify(change.after) ?? "null");
    const long = text.length > MAX_BESIDE;
    return [
      `${INDENT}${sign} ${name}${long ? ":" : ` = ${text}`}`,
      ...(long ? [foreign(text, screen, { indent: `${INDENT}  ` })] : []),
    ];
  });
}

function decisionLines({ reasoning, notes = [], model, off_guidance }: Decision, screen: Screen): string[] {
  const long = reasoning.length > MAX_REASONING;
  const used = model && `${model.name}, ${took(model.milliseconds)}`;
  return [
    ...(long ? said("why", reasoning, screen) : []),
    ...said("model", used, screen),
    ...(off_guidance ? said("chosen", "a step that the guidance does not name", screen) : []),
    ...notes.flatMap((each) => said("before", each, screen)),
  ];
}
