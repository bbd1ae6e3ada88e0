/** `orchestrator show ID`: one run whole, nothing cut: its context, its history, the current step's instructions. */
import type { App } from "../app.ts";
import type { StaleProof } from "../engine/outcome.ts";
import type { Snapshot } from "../engine/read.ts";
import { modelOf } from "../graph/model.ts";
import { walkedOf } from "../graph/walked.ts";
import { currentStep, effectiveAssumptions, effectiveContext, stepIdOf } from "../instance.ts";
import { demandsOf, instructionsOf } from "../mcp/current-step.ts";
import { headText } from "../mcp/run-text.ts";
import { staleLines } from "../mcp/stale-words.ts";
import type { Refused } from "../overview.ts";
import { waitingFor } from "../turn.ts";
import { oneLine, visible } from "../words.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";
import { pageOf, paint, type Screen } from "./screen.ts";
import { whatNext } from "./steering.ts";
import { timelineLines } from "./timeline.ts";

const PAGE = 1_000;
/** Longest name of a check, in characters. */
const MAX_NAME = 200;

export const show: Command = {
  name: "show",
  summary: "Show one run: status, context, history, the current step",
  arguments: "ID",
  options: { ...STATE, ...JSON_OUTPUT },
  run: async (words, terminal) => {
    const { print, printRaw, complain, stop } = terminal;
    const [id, ...more] = words.positionals;
    if (!id || more.length > 0) {
      complain("Name one run: orchestrator show ID (orchestrator instances lists them)");
      return 2;
    }
    return withApp(words, stop, async (app) => {
      const whole = await readWhole(app, id);
      if (words.values["json"]) print(JSON.stringify(asJson(whole), null, 2));
      else printRaw(await asText(whole, pageOf(terminal)));
      return 0;
    });
  },
};

interface Whole extends Snapshot {
  stale: StaleProof[];
  refused: Refused[];
}

/** The instance with all of its history, page by page. */
async function readWhole({ engine }: App, instance_id: string): Promise<Whole> {
  const last = await engine.status({ instance_id, history_limit: PAGE, branches: "whole" });
  const history = [...last.history];
  while (history[0] && history[0].seq > 1) {
    const page = await engine.status({ instance_id, history_limit: PAGE, history_before: history[0].seq });
    history.unshift(...page.history);
  }
  const refused = await engine.refused(instance_id);
  return { ...last, history, refused, stale: await engine.stale(instance_id) };
}

function demandsLine(whole: Snapshot): string {
  const names = demandsOf(whole).map((what) => oneLine(what, MAX_NAME));
  if (names.length === 0) return "";
  const how = `orchestrator waive ${whole.instance.instance_id} --check NAME --reason TEXT`;
  return `\nDemanded of the report: ${names.join(" | ")}\nIf something cannot be proven, a person may waive it once: ${how}`;
}

function asJson(whole: Whole) {
  const { version: _version, ...instance } = whole.instance;
  return {
    ...instance,
    files: whole.files,
    waiting_for: waitingFor(instance),
    branches: whole.below ?? undefined,
    instructions: instructionsOf(whole),
    demands: demandsOf(whole),
    stale_proofs: whole.stale,
    refused: whole.refused,
    history: whole.history,
  };
}

/** Columns of the drawing where nothing else sets them. */
const GRAPH_WIDTH = 100;

/** The way that was taken through the workflow. */
async function graphText({ instance, workflow, history }: Whole, { color, width }: Screen): Promise<string> {
  const { drawText } = await import("../graph/terminal.ts");
  const path = walkedOf(instance, history);
  return drawText(modelOf(workflow), { path, colour: color, width: Number.isFinite(width) ? width : GRAPH_WIDTH });
}

/** Not to be escaped again: it has its colours. */
async function asText(whole: Whole, screen: Screen): Promise<string> {
  const { instance, workflow, files, history, refused } = whole;
  const step = currentStep(workflow, instance);
  const run = {
    instance,
    pending_report: instance.pending,
    assumptions: { shown: effectiveAssumptions(instance), left: 0 },
    below: whole.below,
  };
  const now = new Date().toISOString();
  const past = timelineLines({ instance, history, refused, now }, screen);
  const title = (words: string) => `\n${paint(words, "1", screen)}`;
  const rest = [
    `context: ${JSON.stringify(effectiveContext(instance), null, 2)}`,
    files && `\nFiles of the run: ${files}`,
    ...staleLines(instance, whole.stale),
    step &&
      `\nCurrent step: ${step.name} (${stepIdOf(instance)})${step.instructions && `\n\n${instructionsOf(whole)}`}`,
    demandsLine(whole),
    step && `\nGuidance for what follows\n\n${step.guidance}`,
    instance.turn && `\n${whatNext(instance)}`,
  ];
  return [
    visible(headText(run, { person: true })),
    title("The way through the workflow"),
    await graphText(whole, screen),
    title(`History, ${history.length === 1 ? "1 entry" : `${history.length} entries`}; times are UTC`),
    ...past,
    "",
    visible(rest.filter(Boolean).join("\n")),
  ].join("\n");
}
