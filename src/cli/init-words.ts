/** The words of `orchestrator init`. */
import type { TestGuess } from "../clients/guess.ts";
import { CLIENTS } from "../clients/known.ts";
import type { FilePlan } from "../clients/plan.ts";

/** What came of a file. */
export interface Done {
  plan: FilePlan;
  /** The copy of the old file, if there is one. */
  copy: string | null;
  /** Why it could not be done; empty if it was. */
  fault: string;
}

const ACTIONS: Record<FilePlan["action"], string> = {
  make: "a new file",
  change: "changes",
  delete: "is deleted: nothing else stands in it",
  keep: "is as it should be",
  leave: "is left alone",
};
/** A longer line is cut: in a file of one line others' words stand in it too. */
const MOST_CHARACTERS = 300;

/** A file of the plan: what would become of it, and our own lines in it. */
export function describe({ client, path, action, shown, why, paste }: FilePlan): string[] {
  const about = why === "" ? ACTIONS[action] : `${ACTIONS[action]}: it ${why}`;
  const byHand = paste.length > 0 ? ["  What belongs into it:", ...paste.map((line) => `    ${line}`)] : [];
  return [`${CLIENTS[client].title}: ${path} ${about}`, ...shown.map(cut).map((line) => `  ${line}`), ...byHand];
}

export function describeDone({ plan, copy, fault }: Done): string {
  if (fault) return `Left alone: ${plan.path} ${fault}`;
  const verb = plan.action === "delete" ? "Deleted" : "Written";
  return `${verb}: ${plan.path}${copy === null ? "" : ` (as it was: ${copy})`}`;
}

/** What is to be done by hand, for what was written. */
export function notes(done: Done[]): string[] {
  const inProject = done.filter(({ plan, fault }) => !fault && plan.scope === "project" && plan.action !== "delete");
  const clients = new Set(inProject.map(({ plan }) => plan.client));
  return [...clients].flatMap((client) => {
    const { title, projectNote } = CLIENTS[client];
    return projectNote ? [`${title} ${projectNote}.`] : [];
  });
}

/** What becomes of the command that runs the tests. */
export function testsWords(
  plans: FilePlan[],
  { tests, guesses, person }: { tests: TestGuess | null; guesses: TestGuess[]; person: boolean },
): string[] {
  const fresh = plans.filter(({ isNewEntry }) => isNewEntry);
  const [first] = guesses;
  if (tests) return [`The server may run the tests by "${tests.command}" (${tests.from}).`];
  if (!first || fresh.length === 0) return [];
  if (!fresh.some(({ scope }) => scope === "project"))
    return [
      `The server may run no tests: a user's file serves all projects. To allow it in all: --command test="${first.command}".`,
    ];
  if (person) return [];
  const names = guesses.map(({ command, from }) => `${command} (${from})`).join(" or ");
  return [`The server may run no tests: they may be run by ${names}. Say which: --command test="${first.command}".`];
}

function cut(line: string): string {
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
}
