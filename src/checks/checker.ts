/** Looks at what a definition asks for: programs, files, changes. It never reads a report, a context or a template value. */
import { type Check, type Checker, kindOf, labelOf } from "../check.ts";
import { type Baseline, type Finding, failed, type Looking, type Tools } from "../check-kinds/looking.ts";
import type { Log } from "../log.ts";
import type { ChangeProbe } from "../project.ts";
import { oneLine } from "../words.ts";
import { fileFault } from "./file-fault.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { endMarked } from "./marked-processes.ts";
import { type Permission, refusalOf } from "./permission.ts";
import { checkProgram } from "./program-check.ts";

/** Most characters of an error in what is told of a check. */
const MAX_ERROR = 300;

export interface CheckerParts extends Permission {
  /** The whole environment of programs, but for PWD and the mark of the attempt. */
  environment: Record<string, string>;
  changes: ChangeProbe;
  log?: Log;
}

/** A checker that runs programs on this machine. `allowed` and `commands` are what whoever started the server said. */
export function createChecker(parts: CheckerParts): Checker {
  const { environment, changes, log } = parts;
  return {
    refusal: (check, trusted) => refusalOf(check, trusted, parts),
    async look(check, at) {
      const finding = at.signal.aborted ? failed("stopped") : await lookSafely(check, at, parts);
      log?.debug({ attempt: at.attempt, kind: check.kind, outcome: finding.outcome }, "looked at a check");
      return { check: labelOf(check), ...finding };
    },
    async baseline(project, globs) {
      const told = globs.map(
        async (glob) =>
          [
            glob,
            await fingerprintOf(glob, { project, attempt: crypto.randomUUID() }, { environment, changes }),
          ] as const,
      );
      return Object.fromEntries(await Promise.all(told)) satisfies Baseline;
    },
    endLeftovers: (attempt) => endMarked(attempt),
  };
}

async function lookSafely(check: Check, at: Looking, parts: CheckerParts): Promise<Finding> {
  try {
    return await kindOf(check).look(check, at, toolsFor(at, parts));
  } catch (error) {
    parts.log?.error({ attempt: at.attempt, error: String(error) }, "a check could not be looked at");
    return failed(`it could not be looked at: ${oneLine(String(error), MAX_ERROR)}`);
  }
}

function toolsFor(at: Looking, { environment, changes, commands }: CheckerParts): Tools {
  return {
    run: (program) => checkProgram(program, at, environment),
    namedCommand: (name) => commands.get(name)?.words,
    fileFault: (path) => fileFault(path, at.project),
    fingerprint: (glob) => fingerprintOf(glob, at, { environment, changes }),
  };
}
