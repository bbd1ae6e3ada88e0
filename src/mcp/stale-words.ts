/** What is said of proofs since which the project changed. */
import { namesOf } from "../check-kinds/looking.ts";
import type { StaleProof } from "../engine/outcome.ts";
import { type Instance, isFinal } from "../instance.ts";
import { oneLine } from "../words.ts";

/** Proofs that an answer names, the latest ones, and characters of a step's name. */
const MAX_PROOFS = 5;
const MAX_NAME = 120;

/** `Run Unit Tests: proved at visit 4; src/a.ts changed since (rewind to visit 4, or run it again)` */
export function staleLines(instance: Pick<Instance, "status">, stale: StaleProof[] = []): string[] {
  return stale.map(({ step_name, visit, files }) => {
    const what = files === null ? "files of the project" : namesOf(files);
    const back = isFinal(instance.status) ? "" : `rewind to visit ${visit}, or `;
    return `${oneLine(step_name, MAX_NAME)}: proved at visit ${visit}; ${what} changed since (${back}run it again)`;
  });
}

/** As many as an answer has room for. */
export function briefStaleLines(instance: Pick<Instance, "status" | "instance_id">, stale?: StaleProof[]): string[] {
  const lines = staleLines(instance, stale);
  const left = lines.length - MAX_PROOFS;
  if (left <= 0) return lines;
  return [...lines.slice(-MAX_PROOFS), `${left} more proofs like that: orchestrator show ${instance.instance_id}`];
}
