/** The settings, and the only reader of the environment. Flags win over environment, environment over defaults. */
import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { AppError } from "./errors.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";

/** Values of the command line's flags; undefined where a flag was not given. */
export interface Flags {
  workflows?: string | undefined;
  db?: string | undefined;
  project?: string | undefined;
}

export type Environment = Record<string, string | undefined>;

export interface Config {
  /** Absolute, or null: the embedded workflows and those of `./workflows`. */
  definitionsDir: string | null;
  /** Absolute path of `./workflows` in the current directory; need not exist. */
  localWorkflowsDir: string;
  dbPath: string;
  /** Absolute, symbolic links resolved. */
  project: string;
  logLevel: LogLevel;
}

/** Reads the settings; throws INVALID_INPUT that names the setting, its value and what is allowed. */
export function readConfig(flags: Flags = {}, env: Environment = process.env, cwd: string = process.cwd()): Config {
  return {
    definitionsDir: definitionsDir(setting(flags.workflows, "--workflows", env, "WORKFLOW_DEFINITIONS_DIR"), cwd),
    localWorkflowsDir: join(cwd, "workflows"),
    dbPath: dbPath(setting(flags.db, "--db", env, "WORKFLOW_DB_PATH"), { env, cwd }),
    project: projectDir(setting(flags.project, "--project", env, "WORKFLOW_PROJECT_DIR"), cwd),
    logLevel: logLevel(env),
  };
}

/** What the demo hands on to the programs that it starts, and whether it may colour its output. */
export function terminalSettings(env: Environment = process.env): { color: boolean; env: Record<string, string> } {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { color: process.stdout.isTTY === true && !env["NO_COLOR"], env: Object.fromEntries(set) };
}

interface Setting {
  name: string;
  value: string;
}

/** The flag, else the variable; an empty variable counts as unset. */
function setting(flag: string | undefined, flagName: string, env: Environment, variable: string): Setting | null {
  if (flag !== undefined) return { name: flagName, value: flag };
  const value = env[variable];
  return value ? { name: variable, value } : null;
}

function definitionsDir(given: Setting | null, cwd: string): string | null {
  return given && existingDirectory(given, cwd);
}

function projectDir(given: Setting | null, cwd: string): string {
  return given ? existingDirectory(given, cwd) : realpathSync(cwd);
}

function existingDirectory({ name, value }: Setting, cwd: string): string {
  const path = resolve(cwd, value);
  if (value && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return realpathSync(path);
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is not an existing directory.`, {
    hint: `Set ${name} to a directory that exists and is readable.`,
  });
}

function dbPath(given: Setting | null, { env, cwd }: { env: Environment; cwd: string }): string {
  if (!given) return join(dataDir(env), "workflow-orchestrator", "workflows.sqlite");
  const path = resolve(cwd, given.value);
  if (given.value && !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new AppError("INVALID_INPUT", `${given.name} is "${given.value}", which is not a file.`, {
    hint: `Set ${given.name} to the path of the database file; it is created where it is missing.`,
  });
}

/** Where this user's programs keep their data, by the rules of the operating system. */
function dataDir(env: Environment): string {
  if (env["XDG_DATA_HOME"]) return env["XDG_DATA_HOME"];
  if (process.platform === "win32") return env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  return join(homedir(), ".local", "share");
}

function logLevel(env: Environment): LogLevel {
  const value = env["LOG_LEVEL"] || "info";
  const level = LOG_LEVELS.find((each) => each === value.toLowerCase());
  if (level) return level;
  throw new AppError("INVALID_INPUT", `LOG_LEVEL is "${value}", which is no level.`, {
    hint: `Set it to one of: ${LOG_LEVELS.join(", ")}.`,
  });
}
