/** The answer of get_workflow_status: one run, with its context whole and its history in lines or in full. */
import { z } from "zod";
import type { Snapshot } from "../engine/read.ts";
import { effectiveAssumptions, effectiveContext, type HistoryEntry, type Instance } from "../instance.ts";
import { waitingFor } from "../turn.ts";
import { visible } from "../words.ts";
import type { Answer } from "./answer.ts";
import { assumptionsWithin } from "./assumptions.ts";
import { branchView } from "./branch-words.ts";
import { fitContext, pick } from "./context-view.ts";
import { BUDGETS, bytesOf, fitAnswer, fitItems, shrink } from "./fit.ts";
import { forkedView } from "./fork-words.ts";
import { entryLine, type Run, runText } from "./run-text.ts";
import { nextStep, stepNames } from "./step-view.ts";
import { belowWithin, waitingBranches } from "./tree-words.ts";

/** Most characters of what a check printed: its end. */
const MAX_BRIEF_OUTPUT = 200;
/** Most bytes of the instructions. */
const MAX_BRIEF_BYTES = 4_000;

/** Each entry as one line, or as it is kept, and then also the current step's instructions. */
export const HistoryForm = z.enum(["brief", "full"]);
type HistoryForm = z.infer<typeof HistoryForm>;

interface Asked {
  /** Only these of the context. */
  keys?: string[] | undefined;
  form: HistoryForm;
}

/** One instance; what does not fit is cut and says how to get it. */
export function statusAnswer(snapshot: Snapshot, asked: Asked): Answer {
  return fitAnswer((budget) => statusWithin(snapshot, { ...asked, budget }));
}

/** Whether a status has no room for older entries, whatever its size: with a smaller one entries are cut that were whole. */
export function fillsStatus(form: HistoryForm) {
  return (history: HistoryEntry[]) => BUDGETS.every((budget) => historyWithin(history, { form, budget }).left > 0);
}

/** The newest first. */
function historyWithin(history: HistoryEntry[], { form, budget }: { form: HistoryForm; budget: number }) {
  const viewOf = (entry: HistoryEntry) => (form === "full" ? withBriefOutput(entry) : inOneLine(entry));
  return fitItems([...history].reverse().map(viewOf), budget * 0.35);
}

/** An entry as a line: what was reported and decided, in words. */
function inOneLine(entry: HistoryEntry) {
  return { seq: entry.seq, line: entryLine(entry) };
}

function statusWithin(
  { instance, workflow, history, unread, filler, files, below }: Snapshot,
  { keys, form, budget }: Asked & { budget: number },
): Answer {
  const [context, contextCut] = fitContext(pick(effectiveContext(instance), keys), budget * 0.4);
  const assumptions = assumptionsWithin(effectiveAssumptions(instance), budget * 0.3);
  const page = historyWithin(history, { form, budget });
  const tree = belowWithin(below, budget * 0.2);
  const waits = waitingFor(instance);
  const oldest = page.shown.at(-1)?.seq;
  const historyCut = page.left > 0 || unread; // what a smaller answer shrinks may leave room for entries that were not read
  const asKept = new Set<unknown>(history);
  const shrunk = form === "full" && page.views.some((view) => !asKept.has(view));
  const lost = assumptions.left > 0;
  const cut = cutWords({ contextCut, shrunk, lost, older: historyCut ? oldest : undefined, instance });
  const structured = {
    instance_id: instance.instance_id,
    workflow_name: instance.workflow_name,
    status: instance.status,
    current_step_name: instance.step_name,
    visit: instance.visit,
    branch: branchView(instance),
    branches: tree ?? undefined,
    context,
    created_at: instance.created_at,
    updated_at: instance.updated_at,
    completed_at: instance.completed_at,
    waiting_for: waits && { ...waits, ...(instance.turn?.branches ? waitingBranches(tree) : {}) },
    pending_report: instance.pending && shrinkTo(instance.pending, budget * 0.15),
    next_step:
      form === "full" ? nextStep({ instance, workflow, filler }, MAX_BRIEF_BYTES) : stepNames({ instance, workflow }),
    forked_from: forkedView(instance),
    waived: instance.waived.length > 0 ? instance.waived : undefined,
    unattended: instance.unattended || undefined,
    files: files ?? undefined,
    assumptions: assumptions.shown.length > 0 ? assumptions.shown : undefined,
    history: page.views.reverse(),
    history_total: instance.last_seq,
    cut,
  };
  const lines = page.shown
    .reverse()
    .map((entry, index) =>
      "line" in entry ? `#${entry.seq} ${entry.line}` : visible(JSON.stringify(page.views[index])),
    );
  const { pending_report } = structured;
  const run = { instance, context, pending_report, assumptions, history: lines, below: tree };
  return { text: statusText(run, { files, cut }), structured };
}

/** What is not shown whole, and how to get it. */
function cutWords(is: {
  contextCut: boolean;
  shrunk: boolean;
  lost: boolean;
  older: number | undefined;
  instance: Instance;
}) {
  const whole = `all of it: run \`orchestrator show ${is.instance.instance_id} --json\` in a terminal`;
  const cut = [
    is.contextCut && "context values are cut: ask for some with keys",
    is.older !== undefined && `history is cut: ask for the older with history_before ${is.older}`,
    is.lost && "the earlier assumptions stand in the history's reports",
    is.shrunk && "long reports and outputs are cut",
  ].filter(Boolean);
  return cut.length > 0 ? [...cut, whole].join("; ") : undefined;
}

/** What a check printed is for people: in an answer it would crowd out what was reported. */
function withBriefOutput(entry: HistoryEntry): HistoryEntry {
  if (!entry.evidence?.some(({ output = "" }) => output.length > MAX_BRIEF_OUTPUT)) return entry;
  const evidence = entry.evidence.map((result) =>
    result.output === undefined ? result : { ...result, output: cutStart(result.output) },
  );
  return { ...entry, evidence };
}

function cutStart(output: string): string {
  return output.length > MAX_BRIEF_OUTPUT ? `…${output.slice(-MAX_BRIEF_OUTPUT)}` : output;
}

function shrinkTo(value: unknown, mostBytes: number): unknown {
  return bytesOf(value) > mostBytes ? shrink(value, mostBytes) : value;
}

function statusText(run: Run, { files, cut }: { files: string | null; cut: string | undefined }): string {
  const { status, instance_id } = run.instance;
  const place = files && `Files of the run: ${files}`;
  const goOn = status === "RUNNING" && `To go on working: resume_workflow {"instance_id":"${instance_id}"}`;
  return [runText(run), place, cut, goOn].filter(Boolean).join("\n");
}
