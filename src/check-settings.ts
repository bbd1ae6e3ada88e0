/** Settings of checks: the commands that were named, and what programs are given of the environment. */
import { splitCommand } from "./command-words.ts";
import { AppError } from "./errors.ts";

/** What may be looked at before a report is believed; see checks/checker.ts. */
export interface CheckSettings {
  /** Whether definitions may bring checks of their own. */
  allowed: boolean;
  /** By name: what whoever started the server lets definitions run. */
  commands: Map<string, { text: string; words: string[] }>;
  /** Of the programs that are run: what they need of this process's environment, without its secrets. */
  environment: Record<string, string>;
}

/** What programs are given of the environment, where it is set; no secret stands in any of these. */
const PASSED_ON = new Set(
  [
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP",
    "JAVA_HOME GOPATH GOROOT CARGO_HOME RUSTUP_HOME NVM_DIR VOLTA_HOME BUN_INSTALL VIRTUAL_ENV CONDA_PREFIX",
    "PYENV_ROOT RBENV_ROOT GEM_HOME ANDROID_HOME ANDROID_SDK_ROOT DOTNET_ROOT",
    "Path PATHEXT SystemRoot SYSTEMROOT USERPROFILE APPDATA LOCALAPPDATA",
  ].flatMap((names) => names.split(" ")),
);
/** Of the locale, and of where a user's files are. */
const PASSED_ON_KINDS = /^(LC_[A-Z]+|XDG_[A-Z]+_(HOME|DIR|DIRS))$/;
/** What they print is read by nobody's terminal. */
const FOR_PROGRAMS = { TERM: "dumb", NO_COLOR: "1" };

/** By name; throws INVALID_INPUT for one that is not `NAME=COMMAND`, or cannot be started. */
export function namedCommands(given: string[]): CheckSettings["commands"] {
  const commands: CheckSettings["commands"] = new Map();
  for (const value of given) {
    const [, name = "", text = ""] = /^([A-Za-z][A-Za-z0-9_-]*)=(.*)$/s.exec(value) ?? [];
    if (!name) {
      throw badCommand(value, "which is not NAME=COMMAND", 'Write it like --command test="bun test".');
    }
    if (commands.has(name)) throw badCommand(value, "but that name is taken", "Give each command a name of its own.");
    const split = splitCommand(text);
    if ("fault" in split) {
      const hint = `It is started without a shell; where one is needed, write --command ${name}="sh -c '…'".`;
      throw badCommand(value, `which cannot be started: ${split.fault}`, hint);
    }
    commands.set(name, { text, words: split.words });
  }
  return commands;
}

function badCommand(value: string, fault: string, hint: string): AppError {
  return new AppError("INVALID_INPUT", `--command is "${value}", ${fault}.`, { hint });
}

/** What is set of it, without secrets. */
export function programEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const passed = Object.entries(env).filter(([name]) => PASSED_ON.has(name) || PASSED_ON_KINDS.test(name));
  return { ...Object.fromEntries(passed.filter((pair): pair is [string, string] => !!pair[1])), ...FOR_PROGRAMS };
}
