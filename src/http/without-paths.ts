/** An engine for agents on other machines: paths of files that the server keeps are not in what it answers. */
import { type CheckResult, Evidence } from "../check.ts";
import type { Engine } from "../engine/engine.ts";
import type { Outcome } from "../engine/outcome.ts";
import { AppError } from "../errors.ts";
import type { RunFiles } from "../run-files.ts";

/** In place of directories that agents on other machines cannot reach. */
export const FAR_FILES: RunFiles = {
  offered: false,
  open: async () => ({ fault: "it is on the server's machine; take a directory of your own" }),
  keep: async () => null,
  find: async () => null,
};

export function withoutPaths(engine: Engine): Engine {
  const outcome = async <T extends object>(made: Promise<T | Outcome>): Promise<T | Outcome> => {
    const answer = await made.catch(refuse);
    if (!("checks" in answer)) return answer;
    const { checked, server_did, wait_command: _wait, person_command: _person, ...told } = answer;
    return {
      ...told,
      ...(checked ? { checked: bare(checked) } : {}),
      ...(server_did ? { server_did: server_did.map((did) => ({ ...did, seen: bareResult(did.seen) })) } : {}),
    };
  };
  return {
    ...engine,
    start: (input, caller) => outcome(engine.start(input, caller)),
    advance: (input, caller) => outcome(engine.advance(input, caller)),
    rewind: (input, caller) => outcome(engine.rewind(input, caller)),
    fork: (input, caller) => outcome(engine.fork(input, caller)),
    resume: (input, caller) => outcome(engine.resume(input, caller)),
    async status(input) {
      const snapshot = await engine.status(input);
      const history = snapshot.history.map((entry) =>
        entry.evidence ? { ...entry, evidence: bare(entry.evidence) } : entry,
      );
      const { instance } = snapshot;
      const { pending } = instance;
      const kept = pending?.evidence ? { ...pending, evidence: bare(pending.evidence) } : pending;
      return { ...snapshot, history, instance: { ...instance, pending: kept } };
    },
  };
}

function bare(evidence: Evidence): Evidence {
  return evidence.map(bareResult);
}

function bareResult({ output_file: _path, output_fault: _fault, ...result }: CheckResult): CheckResult {
  return result;
}

function refuse(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== "CHECK_FAILED") throw error;
  const { output_file: _path, output_fault: _fault, checked, ...details } = error.details ?? {};
  const seen = bare(Evidence.parse(checked ?? []));
  const { hint, retryable, cause } = error;
  throw new AppError(error.code, error.message, { hint, retryable, cause, details: { ...details, checked: seen } });
}
