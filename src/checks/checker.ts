/** Looks at what a definition asks for: programs, files, changes. It never reads a report, a context or a template value. */
import { type Check, type Checker, kindOf, labelOf } from "../check.ts";
import { type Baseline, type Finding, failed, keyOf, type Looking, type Tools } from "../check-kinds/looking.ts";
import type { Log } from "../log.ts";
import type { ChangeProbe } from "../project.ts";
import { oneLine } from "../words.ts";
import { fileFault } from "./file-fault.ts";
import { noteState, stateOf } from "./fingerprint.ts";
import type { KeptFiles } from "./kept-files.ts";
import { endMarked } from "./marked-processes.ts";
import { type Permission, refusalOf } from "./permission.ts";
import { checkProgram } from "./program-check.ts";
import { createProjectFiles } from "./proven-files.ts";

/** Most characters of an error in what is told of a check. */
const MAX_ERROR = 300;
/** Most characters of a program's text beside a check's name. */
const MAX_COMMAND = 200;

export interface CheckerParts extends Permission {
  /** The whole environment of programs, but for PWD and the mark of the attempt. */
  environment: Record<string, string>;
  changes: ChangeProbe;
  files: KeptFiles;
  log?: Log;
}

/** A checker that runs programs on this machine. `allowed` and `commands` are what whoever started the server said. */
export function createChecker(parts: CheckerParts): Checker {
  const { commands, log } = parts;

  function command(check: Check): string | undefined {
    const kind = kindOf(check);
    if (!kind.startsProgram) return undefined;
    return kind.commandName ? commands.get(kind.commandName(check))?.text : kind.subject(check);
  }

  return {
    refusal: (check, trusted) => refusalOf(check, trusted, parts),
    command,
    async look(check, at) {
      const finding = at.signal.aborted ? failed("stopped") : await lookSafely(check, at, parts);
      log?.debug({ attempt: at.attempt, kind: check.kind, outcome: finding.outcome }, "looked at a check");
      const started = command(check);
      const label = labelOf(check);
      const more = started && started !== label ? { command: oneLine(started, MAX_COMMAND) } : {};
      return { check: label, ...more, ...finding };
    },
    async baseline({ instance_id, visit, project }, noted) {
      const at = () => ({ instance_id, visit, project, attempt: crypto.randomUUID() });
      const told = noted.map(async (each) => [keyOf(each.files), await noteState(each, at(), parts)] as const);
      return Object.fromEntries(await Promise.all(told)) satisfies Baseline;
    },
    projectFiles: createProjectFiles(parts),
    endLeftovers: (attempt) => endMarked(attempt),
  };
}

async function lookSafely(check: Check, at: Looking, parts: CheckerParts): Promise<Finding> {
  try {
    return await kindOf(check).look(check, at, toolsFor(check, at, parts));
  } catch (error) {
    parts.log?.error({ attempt: at.attempt, error: String(error) }, "a check could not be looked at");
    return failed(`it could not be looked at: ${oneLine(String(error), MAX_ERROR)}`);
  }
}

function toolsFor(check: Check, at: Looking, parts: CheckerParts): Tools {
  const { environment, commands, files } = parts;
  return {
    run: (program) => {
      const file = files.output(at, { check: labelOf(check), attempt: at.attempt });
      return checkProgram(program, at, { environment, file });
    },
    namedCommand: (name) => commands.get(name)?.words,
    fileFault: (path) => fileFault(path, at.project),
    state: (wanted) => stateOf(wanted, at, parts),
  };
}
