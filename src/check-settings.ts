/** Settings of checks: the named commands, and the part of the environment that programs are given. */
import { splitCommand } from "./command-words.ts";
import { AppError } from "./errors.ts";

/** What may be looked at before a report is believed; see checks/checker.ts. */
export interface CheckSettings {
  /** Whether definitions may bring checks of their own. */
  allowed: boolean;
  /** By name: the commands that the person who started the server lets definitions run. */
  commands: Map<string, { text: string; words: string[] }>;
  /** The environment of the programs that are run: what they need of this process's, without its secrets. */
  environment: Record<string, string>;
}

/** Variables that programs are given if they are set; none of them holds a secret. */
const PASSED_ON = new Set(
  [
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP",
    "JAVA_HOME GOPATH GOROOT CARGO_HOME RUSTUP_HOME NVM_DIR VOLTA_HOME BUN_INSTALL VIRTUAL_ENV CONDA_PREFIX",
    "PYENV_ROOT RBENV_ROOT GEM_HOME ANDROID_HOME ANDROID_SDK_ROOT DOTNET_ROOT",
    "PATHEXT SystemRoot SYSTEMROOT USERPROFILE APPDATA LOCALAPPDATA",
  ].flatMap((names) => names.split(" ")),
);
/** Variables of the locale, and of the places of a user's files. */
const PASSED_ON_KINDS = /^(LC_[A-Z]+|XDG_[A-Z]+_(HOME|DIR|DIRS))$/;
/** Their output goes to no terminal. */
const FOR_PROGRAMS = { TERM: "dumb", NO_COLOR: "1" };

/**
 * The commands by name. Throws INVALID_INPUT for a value that is not `NAME=COMMAND`, repeats a name, or cannot be
 * started.
 */
export function namedCommands(given: string[]): CheckSettings["commands"] {
  const commands: CheckSettings["commands"] = new Map();
  for (const value of given) {
    const [, name = "", text = ""] = /^([A-Za-z][A-Za-z0-9_-]*)=(.*)$/s.exec(value) ?? [];
    if (!name) {
      throw badCommand("--command", value, "which is not NAME=COMMAND", 'Write it like --command test="bun test".');
    }
    if (commands.has(name))
      throw badCommand("--command", value, "but that name is taken", "Give each command a name of its own.");
    commands.set(name, { text, words: wordsOf(text, { flag: "--command", value, named: `${name}=` }) });
  }
  return commands;
}

/**
 * The words of the program that tells a person; null if none was named. Throws INVALID_INPUT for one that cannot be started.
 */
export function notifyWords(text: string | undefined, platform: NodeJS.Platform = process.platform): string[] | null {
  if (text === undefined) return null;
  const flag = "--notify";
  const words = wordsOf(text, { flag, value: text, named: "" });
  if (platform !== "win32") return words;
  throw badCommand(flag, text, "but programs are run on POSIX systems only", "Start the server without it.");
}

function wordsOf(text: string, { flag, value, named }: { flag: string; value: string; named: string }): string[] {
  const split = splitCommand(text);
  if ("words" in split) return split.words;
  const hint = `It is started without a shell; if one is needed, write ${flag} ${named}"sh -c '…'".`;
  throw badCommand(flag, value, `which cannot be started: ${split.fault}`, hint);
}

function badCommand(flag: string, value: string, fault: string, hint: string): AppError {
  return new AppError("INVALID_INPUT", `${flag} is "${value}", ${fault}.`, { hint });
}

/** The variables of `env` that programs are given. Windows writes PATH as it likes (`Path`): here it has one name. */
export function programEnvironment(
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const named = Object.entries(env).map(([name, value]) => [nameOn(platform, name), value] as const);
  const passed = named.filter(([name]) => PASSED_ON.has(name) || PASSED_ON_KINDS.test(name));
  return {
    ...Object.fromEntries(passed.filter((pair): pair is readonly [string, string] => !!pair[1])),
    ...FOR_PROGRAMS,
  };
}

function nameOn(platform: NodeJS.Platform, name: string): string {
  return platform === "win32" && name.toUpperCase() === "PATH" ? "PATH" : name;
}
