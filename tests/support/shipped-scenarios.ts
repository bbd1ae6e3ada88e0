/** The paths along which the shipped workflows are driven: together they take every route of every step. */

/** `Step ✓` or `Step ✗`, with the agent's choice after an arrow, and what the report sets if a route looks at it. */
export type Visit = string | [visit: string, updates: object, said?: object];

/** What a report sets unless a visit says otherwise: routes look at these keys. */
export function usualUpdates(step: string, ok: boolean): object {
  if (step === "Run Baseline Tests") return { baseline_exit_code: ok ? 0 : 1 };
  if (step === "Run Unit Tests") return { test_exit_code: ok ? 0 : 1 };
  if (step === "Prepare Branch") return ok ? { base_commit: "1f2e", baseline_exit_code: 0 } : {};
  if (step === "Plan Slices") return ok ? { slices_left: 1 } : {};
  if (step === "Build Slice") return ok ? { slices_left: 0 } : {};
  if (step === "Verify Criteria") return { verify_exit_code: ok ? 0 : 1 };
  if (step === "Report Outcome" || step === "Hand Over") return { outcome: "committed" };
  if (step === "Update Ticket") return { outcome: "in review" };
  return {};
}

/** Values in place of what the skeleton of a call asks for. */
export function filledIn(updates: Record<string, string> = {}): Record<string, unknown> {
  const samples: Record<string, unknown> = { "<string>": "x", "<integer>": 0, "<boolean>": false, "<array>": [] };
  return Object.fromEntries(Object.entries(updates).map(([key, placeholder]) => [key, samples[placeholder]]));
}

const located = "Locate Function ✓";
const applied = [located, "Run Baseline Tests ✓", "Apply Rename ✓"];
const checked = [...applied, "Check for Old References ✓"];
const tested = [...checked, "Run Unit Tests ✓"];
const reverted = ["Revert Changes ✓", "Report Outcome ✗"];
const repaired = ["Run Unit Tests ✗", "Attempt Auto Fix ✓"];
const leftover = ["Check for Old References ✗", "Apply Rename ✓"];

const understood = ["Understand Task ✓", "Make Plan ✓"];
const built = [...understood, "Implement Change ✓"];
const verified = [...built, "Verify Work ✓"];
const reviewed = [...verified, "Review Diff ✓"];
const handedOver = "Hand Over ✗";
const replanned = ["Verify Work ✗", "Fix Problems ✗", "Make Plan ✓", "Implement Change ✓"];

const ticketUpdated = "Update Ticket ✓";
const branched = ["Read Ticket ✓", "Clarify Criteria ✓", "Prepare Branch ✓"];
const sliced = [...branched, "Plan Slices ✓", "Build Slice ✓"];

export const SCENARIOS: Record<string, Record<string, Visit[]>> = {
  REFACTOR_WITH_TESTS: {
    "all goes well": [...tested, "Commit Changes ✓", "Report Outcome ✓"],
    "the function is not found": ["Locate Function ✗", "Report Outcome ✗"],
    "there is no baseline": [located, "Run Baseline Tests ✗", "Report Outcome ✗"],
    "the rename cannot be made": [located, "Run Baseline Tests ✓", "Apply Rename ✗", ...reverted],
    "a reference was missed": [
      ...applied,
      ...leftover,
      "Check for Old References ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "references are missed three times": [
      ...applied,
      ...leftover,
      ...leftover,
      "Check for Old References ✗",
      ...reverted,
    ],
    "a test fails and is repaired": [
      ...checked,
      ...repaired,
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "tests fail four times": [...checked, ...repaired, ...repaired, ...repaired, "Run Unit Tests ✗", ...reverted],
    "there is no repair": [
      ...checked,
      "Run Unit Tests ✗",
      "Attempt Auto Fix ✗",
      "Revert Changes ✗",
      "Report Outcome ✗",
    ],
    "a success that its exit code denies": [
      ...checked,
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "failures known from the baseline": [
      located,
      ["Run Baseline Tests ✓", { baseline_exit_code: 1 }],
      "Apply Rename ✓",
      "Check for Old References ✓",
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "a hook refuses the commit once": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "a hook refuses the commit twice": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✗",
      "Report Outcome ✗",
    ],
  },
  WORK: {
    "a small task": [
      ["Understand Task ✓", { small_task: true }],
      "Implement Change ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✓",
      "Hand Over ✓",
    ],
    "a task with a plan": [...reviewed, "Commit Changes ✓", "Hand Over ✓"],
    "failures known from before": [
      ...built,
      ["Verify Work ✗", {}, { error: "only known failures" }],
      ...["Review Diff ✓", "Commit Changes ✓", "Hand Over ✓"],
    ],
    "the task stays unclear": ["Understand Task ✗", handedOver],
    "no plan meets the criteria": ["Understand Task ✓", "Make Plan ✗", handedOver],
    "three plans fail": [
      ...understood,
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      handedOver,
    ],
    "verification fails five times": [
      ...built,
      ...Array.from({ length: 4 }, () => ["Verify Work ✗", "Fix Problems ✓"]).flat(),
      "Verify Work ✗",
      handedOver,
    ],
    "three repairs fail": [...built, ...replanned, ...replanned, "Verify Work ✗", "Fix Problems ✗", handedOver],
    "reviews find defects, then a wrong approach, then more": [
      ...verified,
      "Review Diff ✗ → Fix Problems",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✗ → Make Plan",
      "Make Plan ✓",
      "Implement Change ✓",
      "Verify Work ✓",
      "Review Diff ✗",
      handedOver,
    ],
    "a hook refuses the commit once": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✓",
      "Hand Over ✓",
    ],
    "a hook refuses the commit twice": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✗",
      handedOver,
    ],
  },
  SPRINT_TASK: {
    "a ticket becomes a reviewed change": [
      ...["Read Ticket ✓", "Clarify Criteria ✓", "Prepare Branch ✓", "Plan Slices ✓"],
      ["Build Slice ✓", { slices_left: 1 }],
      ...["Build Slice ✓", "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✓", ticketUpdated],
    ],
    "checks that failed before fail the same": [
      ...sliced,
      ["Verify Criteria ✗", {}, { error: "only known failures" }],
      ...["Review Against Ticket ✓", "Prepare Pull Request ✓", ticketUpdated],
    ],
    "the ticket cannot be read": ["Read Ticket ✗", ticketUpdated],
    "the criteria stay unclear": ["Read Ticket ✓", "Clarify Criteria ✗", ticketUpdated],
    "there is no branch": ["Read Ticket ✓", "Clarify Criteria ✓", "Prepare Branch ✗", ticketUpdated],
    "two plans fail": [...branched, "Plan Slices ✗", "Clarify Criteria ✓", "Plan Slices ✗", ticketUpdated],
    "slices are too many": [
      ...branched,
      ...["Plan Slices ✓", "Build Slice ✗", "Plan Slices ✓"],
      ...Array.from({ length: 6 }, (): Visit => ["Build Slice ✓", { slices_left: 1 }]),
      ...["Build Slice ✗", ticketUpdated],
    ],
    "reviews find defects, then a wrong plan, then more": [
      ...sliced,
      ...["Verify Criteria ✗", "Fix Findings ✓", "Verify Criteria ✓", "Review Against Ticket ✗ → Fix Findings"],
      ...["Fix Findings ✓", "Verify Criteria ✓", "Review Against Ticket ✗ → Plan Slices", "Plan Slices ✓"],
      ...["Build Slice ✓", "Verify Criteria ✓", "Review Against Ticket ✗", ticketUpdated],
    ],
    "a review finds a wrong criterion, and the pull request is refused twice": [
      ...sliced,
      ...["Verify Criteria ✓", "Review Against Ticket ✗ → Clarify Criteria", "Clarify Criteria ✓", "Plan Slices ✓"],
      ...["Build Slice ✓", "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✗", "Fix Findings ✓"],
      ...["Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✗", ticketUpdated],
    ],
    "three repairs fail": [
      ...sliced,
      ...["Verify Criteria ✗", "Fix Findings ✗", "Plan Slices ✓", "Build Slice ✓"],
      ...["Verify Criteria ✗", "Fix Findings ✓", "Verify Criteria ✗", "Fix Findings ✗", ticketUpdated],
    ],
    "four verifications fail": [
      ...sliced,
      ...Array.from({ length: 3 }, () => ["Verify Criteria ✗", "Fix Findings ✓"]).flat(),
      ...["Verify Criteria ✗", ticketUpdated],
    ],
  },
  SAVE: {
    "a run is saved": ["Find Runs ✓", "Check Work Tree ✓", "Record Progress ✓", "Write Handover Note ✓"],
    "there is nothing to save": ["Find Runs ✗"],
    "the run moves while it is saved": [
      ...["Find Runs ✓", "Check Work Tree ✗", "Record Progress ✗", "Find Runs ✓", "Check Work Tree ✓"],
      ...["Record Progress ✗", "Write Handover Note ✗", "Find Runs ✓", "Check Work Tree ✓"],
      ...["Record Progress ✓", "Write Handover Note ✗"],
    ],
  },
  RESUME: {
    "all agree": ["Find Run ✓", "Compare States ✓", "Continue Run ✓"],
    "there is nothing to resume": ["Find Run ✗"],
    "the user settles a difference": [
      ...["Find Run ✓", "Compare States ✗ → Settle Differences", "Settle Differences ✓", "Continue Run ✗"],
    ],
    "the wrong run, and nothing settles it": [
      ...["Find Run ✓", "Compare States ✗ → Find Run", "Find Run ✓", "Compare States ✗ → Find Run", "Find Run ✓"],
      ...["Compare States ✗", "Settle Differences ✗"],
    ],
    "a difference that does not matter": ["Find Run ✓", "Compare States ✗ → Continue Run", "Continue Run ✓"],
  },
};
