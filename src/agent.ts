/** The last rung: the agent that works the step is itself a model, and chooses by the step's guidance. */
import type { Decider, Question, Verdict } from "./decider.ts";
import { AppError } from "./errors.ts";
import { didYouMean } from "./near-name.ts";
import type { Report } from "./report.ts";
import { oneLine } from "./words.ts";
import { resolveStepName } from "./workflow.ts";

/** Longest reason of the agent that a decision repeats, in characters. */
const MAX_REASON = 300;

/**
 * Decides by `report.next_step`; passes if the report holds no choice. Throws STEP_NOT_ALLOWED for a choice that does
 * not exist or may not follow, and for one off the guidance that comes without a reason.
 */
export const agentDecider: Decider = {
  asksOutside: false,
  decide: async (question) => choose(question),
};

function choose({ workflow, step, report, choice }: Question): Verdict {
  if (report.next_step === undefined) return { passed: [] };
  const { candidates, guided } = choice;
  const next_step = resolveStepName(workflow, report.next_step);
  if (next_step === undefined || !candidates.includes(next_step)) {
    throw refusal(`"${report.next_step}" is no step that may follow "${step.name}"`, candidates, {
      hint: `${didYouMean(report.next_step, candidates)}Send the same call with next_step set to one of: ${candidates.join(" | ")}`,
    });
  }
  const reason = reasonOf(report);
  if (guided.includes(next_step)) {
    const reasoning = reason ? `the agent chose it: "${reason}"` : "the agent chose it by the guidance";
    return { decision: { decided_by: "agent", next_step, reasoning } };
  }
  if (!reason) {
    throw refusal(`The guidance of "${step.name}" does not name "${next_step}", and no reason is given`, candidates, {
      hint: `Choose one of: ${guided.join(" | ")}; or send the same call with the reason in "details".`,
    });
  }
  const reasoning = `the agent chose it off the guidance: "${reason}"`;
  return { decision: { decided_by: "agent", next_step, reasoning, off_guidance: true } };
}

function reasonOf(report: Report): string {
  const { message, details } = report;
  const text = message?.trim() || (typeof details === "string" ? details : JSON.stringify(details ?? {}));
  return text === "{}" ? "" : oneLine(text, MAX_REASON);
}

function refusal(message: string, candidates: string[], { hint }: { hint: string }): AppError {
  return new AppError("STEP_NOT_ALLOWED", `${message}; nothing changed.`, { hint, details: { candidates } });
}
