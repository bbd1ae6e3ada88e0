/**
 * The paths along which the shipped workflows are driven: together they take every route of every step. Visits of branches
 * stand where an agent makes them, one branch after the other.
 */

/** `Step ✓` or `Step ✗`, with the agent's choice after an arrow (`Step ⊘ why`: a person says no to it), and what the report sets if a route looks at it. */
export type Visit = string | [visit: string, updates: object];

/** Stands last in a scenario that does not end as COMPLETED. */
export const FAILED = "FAILED";

/** What a report sets unless a visit says otherwise: routes look at these keys. */
export function usualUpdates(step: string, ok: boolean): object {
  if (step === "Run Baseline Tests" || step === "Run Baseline") return { baseline_exit_code: ok ? 0 : 1 };
  if (step === "Run Unit Tests") return { test_exit_code: ok ? 0 : 1 };
  if (step === "Run Checks") return { verify_exit_code: ok ? 0 : 1 };
  if (step === "Prepare Branch") return ok ? { base_commit: "1f2e" } : {};
  if (step === "Plan Slices") return ok ? { slices_left: 1 } : {};
  if (step === "Build Slice") return ok ? { slices_left: 0 } : {};
  if (step === "Agree on Scope") return ok ? { parts: ["src/money.ts", "src/mail.ts"], helpers: 1 } : {};
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
const reverted = ["Revert Changes ✓", FAILED];
const repaired = ["Run Unit Tests ✗", "Attempt Auto Fix ✓"];
const leftover = ["Check for Old References ✗", "Apply Rename ✓"];

const understood = ["Understand Task ✓", "Run Baseline ✓", "Make Plan ✓"];
const built = [...understood, "Implement Change ✓"];
const verified = [...built, "Run Checks ✓", "Verify Work ✓"];
const reviewed = [...verified, "Review Diff ✓"];
const handedOver = ["Hand Over ✗", FAILED];
const refound = ["Verify Work ✗", "Fix Problems ✓", "Run Checks ✓"];
const replanned = ["Run Checks ✗", "Fix Problems ✗", "Make Plan ✓", "Implement Change ✓"];

const blocked = ["Update Ticket ✗", FAILED];
const ticketUpdated = "Update Ticket ✓";
const branched = ["Read Ticket ✓", "Clarify Criteria ✓", "Prepare Branch ✓", "Run Baseline ✓"];
const sliced = [...branched, "Plan Slices ✓", "Build Slice ✓", "Run Checks ✓"];
const refixed = ["Verify Criteria ✗", "Fix Findings ✓", "Run Checks ✓"];

const found: Visit = ["Read Part ✓", { findings: ["src/money.ts:42 rounds each line"] }];

const readyAgain = ["Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✓"];

export const SCENARIOS: Record<string, Record<string, Visit[]>> = {
  AUDIT: {
    "each part is read, and what is found in it proved": [
      ...["Agree on Scope ✓", found, "Prove Findings ✓", "Read Part ✓", "Audit Parts ✓", "Write Report ✓"],
    ],
    "there is nothing to audit": ["Agree on Scope ✗", FAILED],
    "a part that cannot be read is tried twice": [
      ...["Agree on Scope ✓", "Read Part ✓", "Read Part ✗"],
      ["Audit Parts ✓", { retry: ["src/mail.ts"] }],
      ...[found, "Prove Findings ✗"],
      ["Audit Parts ✓", { retry: ["src/mail.ts"] }],
      ...["Write Report ✗", FAILED],
    ],
    "no part can be read": ["Agree on Scope ✓", "Read Part ✗", "Read Part ✗", "Audit Parts ✗", FAILED],
  },
  REFACTOR_WITH_TESTS: {
    "all goes well": [...tested, "Commit Changes ✓"],
    "the function is not found": ["Locate Function ✗", FAILED],
    "there is no baseline": [located, "Run Baseline Tests ✗", FAILED],
    "the rename cannot be made": [located, "Run Baseline Tests ✓", "Apply Rename ✗", ...reverted],
    "a reference was missed": [
      ...applied,
      ...leftover,
      "Check for Old References ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
    ],
    "references are missed three times": [
      ...applied,
      ...leftover,
      ...leftover,
      "Check for Old References ✗",
      ...reverted,
    ],
    "a test fails and is repaired": [...checked, ...repaired, "Run Unit Tests ✓", "Commit Changes ✓"],
    "tests fail four times": [...checked, ...repaired, ...repaired, ...repaired, "Run Unit Tests ✗", ...reverted],
    "there is no repair": [...checked, "Run Unit Tests ✗", "Attempt Auto Fix ✗", "Revert Changes ✗", FAILED],
    "a success that its exit code denies": [
      ...checked,
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
    ],
    "failures known from the baseline": [
      located,
      ["Run Baseline Tests ✓", { baseline_exit_code: 1 }],
      "Apply Rename ✓",
      "Check for Old References ✓",
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Commit Changes ✓",
    ],
    "a hook refuses the commit once": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
    ],
    "a hook refuses the commit twice": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✗",
      FAILED,
    ],
  },
  WORK: {
    "a small task": [
      ["Understand Task ✓", { small_task: true }],
      ...["Run Baseline ✓", "Implement Change ✓", "Run Checks ✓", "Verify Work ✓", "Review Diff ✓", "Commit Changes ✓"],
    ],
    "a task with a plan": [...reviewed, "Commit Changes ✓"],
    "failures known from before": [
      "Understand Task ✓",
      ["Run Baseline ✓", { baseline_exit_code: 1 }],
      ...["Make Plan ✓", "Implement Change ✓", "Run Checks ✗", "Verify Work ✓", "Review Diff ✓", "Commit Changes ✓"],
    ],
    "the task stays unclear": ["Understand Task ✗", FAILED],
    "no plan meets the criteria": ["Understand Task ✓", "Run Baseline ✗", "Make Plan ✗", ...handedOver],
    "three plans fail": [
      ...understood,
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      ...handedOver,
    ],
    "verification fails five times": [
      ...built,
      "Run Checks ✓",
      ...refound,
      ...refound,
      ...refound,
      ...refound,
      "Verify Work ✗",
      ...handedOver,
    ],
    "checks fail five times": [
      ...built,
      ...Array.from({ length: 4 }, () => ["Run Checks ✗", "Fix Problems ✓"]).flat(),
      "Run Checks ✗",
      ...handedOver,
    ],
    "three repairs fail": [...built, ...replanned, ...replanned, "Run Checks ✗", "Fix Problems ✗", ...handedOver],
    "reviews find defects, then a wrong approach, then more": [
      ...verified,
      "Review Diff ✗ → Fix Problems",
      "Fix Problems ✓",
      "Run Checks ✓",
      "Verify Work ✓",
      "Review Diff ✗ → Make Plan",
      "Make Plan ✓",
      "Implement Change ✓",
      "Run Checks ✓",
      "Verify Work ✓",
      "Review Diff ✗",
      ...handedOver,
    ],
    "a hook refuses the commit once": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Run Checks ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✓",
    ],
    "a hook refuses the commit twice": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Run Checks ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✗",
      "Hand Over ✓",
    ],
  },
  SPRINT_TASK: {
    "a ticket becomes a reviewed change": [
      ...[...branched, "Plan Slices ✓"],
      ["Build Slice ✓", { slices_left: 1 }],
      ...["Build Slice ✓", "Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✓"],
      ...["Open Pull Request ✓", ticketUpdated],
    ],
    "checks that failed before fail the same": [
      ...branched.slice(0, -1),
      ["Run Baseline ✓", { baseline_exit_code: 1 }],
      ...["Plan Slices ✓", "Build Slice ✓", "Run Checks ✗", "Verify Criteria ✓", "Review Against Ticket ✓"],
      ["Prepare Pull Request ✓", { remote: "none" }],
      ticketUpdated,
    ],
    "the ticket cannot be read": ["Read Ticket ✗", FAILED],
    "the criteria stay unclear": ["Read Ticket ✓", "Clarify Criteria ✗", ...blocked],
    "there is no branch": ["Read Ticket ✓", "Clarify Criteria ✓", "Prepare Branch ✗", ...blocked],
    "two plans fail": [...branched, "Plan Slices ✗", "Clarify Criteria ✓", "Plan Slices ✗", ...blocked],
    "slices are too many": [
      ...branched,
      ...["Plan Slices ✓", "Build Slice ✗", "Plan Slices ✓"],
      ...Array.from({ length: 6 }, (): Visit => ["Build Slice ✓", { slices_left: 1 }]),
      ...["Build Slice ✗", ...blocked],
    ],
    "reviews find defects, then a wrong plan, then more": [
      ...[...sliced, ...refixed, "Verify Criteria ✓", "Review Against Ticket ✗ → Fix Findings", "Fix Findings ✓"],
      ...["Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✗ → Plan Slices", "Plan Slices ✓"],
      ...["Build Slice ✓", "Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✗", ...blocked],
    ],
    "a review finds a wrong criterion, and the pull request is refused twice": [
      ...[...sliced, "Verify Criteria ✓", "Review Against Ticket ✗ → Clarify Criteria", "Clarify Criteria ✓"],
      ...["Plan Slices ✓", "Build Slice ✓", "Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✓"],
      ...["Prepare Pull Request ✗", "Fix Findings ✓", "Run Checks ✓", "Verify Criteria ✓", "Review Against Ticket ✓"],
      ...["Prepare Pull Request ✗", ticketUpdated],
    ],
    "a person wants it otherwise, then the remote refuses twice": [
      ...[...sliced, "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✓"],
      ...[
        "Open Pull Request ⊘ name the setting",
        "Fix Findings ✓",
        ...readyAgain,
        "Open Pull Request ✗",
        ticketUpdated,
      ],
    ],
    "the remote refuses, then a person says no": [
      ...[...sliced, "Verify Criteria ✓", "Review Against Ticket ✓", "Prepare Pull Request ✓"],
      ...["Open Pull Request ✗", "Fix Findings ✓", ...readyAgain, "Open Pull Request ⊘", ticketUpdated],
    ],
    "three repairs fail": [
      ...[...sliced, "Verify Criteria ✗", "Fix Findings ✗ → Plan Slices", "Plan Slices ✓", "Build Slice ✓"],
      ...["Run Checks ✗", "Fix Findings ✗ → Clarify Criteria", "Clarify Criteria ✓", "Plan Slices ✓"],
      ...["Build Slice ✓", "Run Checks ✗", "Fix Findings ✗", ...blocked],
    ],
    "four verifications fail": [...sliced, ...refixed, ...refixed, ...refixed, "Verify Criteria ✗", ...blocked],
    "checks fail four times": [
      ...branched,
      ...["Plan Slices ✓", "Build Slice ✓"],
      ...Array.from({ length: 3 }, () => ["Run Checks ✗", "Fix Findings ✓"]).flat(),
      ...["Run Checks ✗", ...blocked],
    ],
  },
  SAVE: {
    "a run is saved": ["Find Runs ✓", "Secure Work ✓", "Write Handover Note ✓", "Pause Runs ✓"],
    "there is nothing to save": ["Find Runs ✗", FAILED],
    "the run moves while it is saved": [
      ...["Find Runs ✓", "Secure Work ✗", "Write Handover Note ✓", "Pause Runs ✗", "Find Runs ✓", "Secure Work ✓"],
      ...["Write Handover Note ✓", "Pause Runs ✗"],
    ],
  },
  RESUME: {
    "all agree": ["Compare States ✓"],
    "there is nothing to resume": ["Compare States ✗", FAILED],
    "the user settles a difference": [
      ["Compare States ✗", { differences: ["the branch is another"] }],
      "Settle Differences ✓",
    ],
    "nothing settles it": [
      ["Compare States ✗", { differences: ["the branch is another"] }],
      ...["Settle Differences ✗", FAILED],
    ],
  },
};
