/** The settings, and the only reader of the environment. Flags win over environment, environment over defaults. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, win32 } from "node:path";
import { type CheckSettings, namedCommands, notifyWords, programEnvironment } from "./check-settings.ts";
import type { Homes } from "./clients/known.ts";
import { AppError } from "./errors.ts";
import type { HookInput } from "./hooks/input.ts";
import { type HttpSettings, httpSettings } from "./http/settings.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import { existingDirectory, fileOrNothing, type Setting, type Whereabouts } from "./path-settings.ts";

/** Values of the command line's flags; undefined if a flag was not given. */
export interface Flags {
  /** Each a directory, or `builtin`. */
  workflows?: string[] | undefined;
  db?: string | undefined;
  project?: string | undefined;
  host?: string | undefined;
  port?: string | undefined;
  allowHosts?: string[] | undefined;
  tokenFile?: string | undefined;
  allowChecks?: boolean | undefined;
  /** Each `NAME=COMMAND`. */
  commands?: string[] | undefined;
  notify?: string | undefined;
  elicit?: boolean | undefined;
}

export type Environment = Record<string, string | undefined>;

export interface Config {
  /** Where workflows come from; a later place wins by name. */
  definitions: Place[];
  dbPath: string;
  /** Nobody named a database: whoever runs a command here without `--db` has the same one. */
  dbIsDefault: boolean;
  /** Absolute, symbolic links resolved. */
  project: string;
  logLevel: LogLevel;
  /** Null: no model is asked. */
  model: ModelSettings | null;
  http: HttpSettings;
  checks: CheckSettings;
  /** The program that tells a person, and its arguments; null: nobody is told. */
  notify: string[] | null;
  /** Whether clients are asked to ask a person in a dialog of theirs. */
  elicit: boolean;
  /** If the model cannot decide, the agent does, or the call is refused. */
  onModelFailure: "agent" | "error";
}

/** Where workflows come from: embedded, a directory that a person named, or the project's own, which need not exist. */
export type Place =
  | typeof BUILT_IN
  | { kind: "named"; directory: string }
  | { kind: "found"; directory: string; within: string };

/** How a model is asked; see openai/model-decider.ts. */
interface ModelSettings {
  endpoint: string;
  apiKey: string | null;
  model: string | null;
  timeoutMs: number;
}

const BUILT_IN = { kind: "builtin" } as const;
/** The endpoint if only a key is set. */
const OPENAI_ENDPOINT = "https://api.openai.com/v1";
const DEFAULT_TIMEOUT_MS = 30_000;

/** Reads the settings; throws INVALID_INPUT that names the setting, its value and what is allowed. */
export function readConfig(flags: Flags = {}, env: Environment = process.env, cwd: string = process.cwd()): Config {
  refuseUnexpanded(env);
  const at = { cwd, home: env["HOME"] || homedir() };
  const inProject = setting(flags.project, "--project", env, "WORKFLOW_PROJECT_DIR");
  const inDb = setting(flags.db, "--db", env, "WORKFLOW_DB_PATH");
  const project = inProject ? existingDirectory(inProject, at) : realpathSync(cwd);
  return {
    definitions: definitionPlaces(flags.workflows, env, { ...at, project }),
    dbPath: dbPath(inDb, env, at),
    dbIsDefault: inDb === null,
    project,
    logLevel: logLevel(env),
    model: modelSettings(env),
    http: httpSettings(
      {
        host: setting(flags.host, "--host", env, "HTTP_HOST"),
        port: setting(flags.port, "--port", env, "HTTP_PORT"),
        token: env["HTTP_AUTH_TOKEN"] || null,
        tokenFile: flags.tokenFile ?? null,
        allowHosts: flags.allowHosts ?? [],
      },
      at,
    ),
    checks: {
      allowed: flags.allowChecks ?? yesOrNo("WORKFLOW_ALLOW_CHECKS", env["WORKFLOW_ALLOW_CHECKS"] || "no"),
      commands: namedCommands(flags.commands ?? []),
      environment: programEnvironment(env),
    },
    notify: notifyWords(flags.notify),
    elicit: flags.elicit ?? false,
    onModelFailure: oneOf("AI_ON_FAILURE", env["AI_ON_FAILURE"] || "agent", ["agent", "error"] as const),
  };
}

/** What a client's hook is about: the database, and the project if one was named. */
export interface HookSettings {
  dbPath: string;
  /** Named by a setting or by the client; null: the directory that it works in. */
  project: string | null;
  /** Where Copilot CLI keeps its sessions. */
  copilot: string;
}

/** Reads no setting that a hook has no use for. Throws INVALID_INPUT. */
export function hookSettings(
  flags: Pick<Flags, "db" | "project">,
  { client, cwd }: Pick<HookInput, "client" | "cwd">,
  env: Environment = process.env,
): HookSettings {
  const at = { cwd, home: env["HOME"] || homedir() };
  const inProject = setting(flags.project, "--project", env, "WORKFLOW_PROJECT_DIR");
  const byClient = client === "codex" ? null : env["CLAUDE_PROJECT_DIR"] || null; // the others took that name over
  return {
    dbPath: dbPath(setting(flags.db, "--db", env, "WORKFLOW_DB_PATH"), env, at),
    project: inProject ? existingDirectory(inProject, at) : byClient,
    copilot: clientHomes(env).copilot,
  };
}

/**
 * Removes from the environment the variables that the openai package reads by itself, so that no setting meant for
 * another program reaches an endpoint.
 */
export function dropForeignSettings(env: Environment = process.env): void {
  for (const name of Object.keys(env)) if (name.startsWith("OPENAI_")) delete env[name];
}

/** The environment that the demo hands on to the programs that it starts, and whether it may colour its output. */
export function terminalSettings(env: Environment = process.env): { color: boolean; env: Record<string, string> } {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { color: process.stdout.isTTY === true && !env["NO_COLOR"], env: Object.fromEntries(set) };
}

/** Where the clients of this user keep their settings, and their programs lie: each has variables of its own that move it. */
export function clientHomes(env: Environment = process.env): Homes {
  const home = env["HOME"] || homedir();
  const claude = env["CLAUDE_CONFIG_DIR"];
  const cline = env["CLINE_DATA_DIR"] || join(env["CLINE_DIR"] || join(home, ".cline"), "data");
  return {
    home,
    config: env["XDG_CONFIG_HOME"] || join(home, ".config"),
    claude: claude || join(home, ".claude"),
    claudeState: join(claude || home, ".claude.json"),
    codex: env["CODEX_HOME"] || join(home, ".codex"),
    gemini: join(env["GEMINI_CLI_HOME"] || home, ".gemini"),
    copilot: env["COPILOT_HOME"] || join(home, ".copilot"),
    cline: env["CLINE_MCP_SETTINGS_PATH"] || join(cline, "settings", "cline_mcp_settings.json"),
    path: (env["PATH"] ?? "").split(delimiter).filter(isAbsolute),
  };
}

/** The flag, else the variable; an empty variable counts as unset. */
function setting(flag: string | undefined, flagName: string, env: Environment, variable: string): Setting | null {
  if (flag !== undefined) return { name: flagName, value: flag };
  const value = env[variable];
  return value ? { name: variable, value } : null;
}

/**
 * The directories that were named, in their order; if none were, the embedded workflows and those of the project. The
 * variable separates several as PATH does.
 */
function definitionPlaces(
  flags: string[] | undefined,
  env: Environment,
  at: Whereabouts & { project: string },
): Place[] {
  const variable = env["WORKFLOW_DEFINITIONS_DIR"] || null;
  const named =
    flags?.map((value) => ({ name: "--workflows", value })) ??
    variable?.split(delimiter).map((value) => ({ name: "WORKFLOW_DEFINITIONS_DIR", value }));
  if (!named) return [BUILT_IN, { kind: "found", directory: join(at.project, "workflows"), within: at.project }];
  return named.map((each) =>
    each.value === BUILT_IN.kind ? BUILT_IN : { kind: "named", directory: existingDirectory(each, at) },
  );
}

function dbPath(given: Setting | null, env: Environment, at: Whereabouts): string {
  return given ? fileOrNothing(given, at) : join(dataDir(env, at.home), "workflow-orchestrator", "workflows.sqlite");
}

/**
 * Throws INVALID_INPUT: if a client does not expand `${NAME}`, that text would become a secret that everybody knows.
 */
function refuseUnexpanded(env: Environment): void {
  for (const name of ["AI_SERVICE_API_KEY", "AI_MODEL", "HTTP_AUTH_TOKEN"]) {
    if (!/\$\{[\w.:-]+\}/.test(env[name] ?? "")) continue;
    throw new AppError("INVALID_INPUT", `${name} holds a "\${…}": the client did not expand it.`, {
      hint: "Write the value itself, or set the variable where the client is started.",
    });
  }
}

/** Where this user's programs keep their data, by the rules of the operating system. */
export function dataDir(env: Environment, home: string, platform: NodeJS.Platform = process.platform): string {
  if (env["XDG_DATA_HOME"]) return env["XDG_DATA_HOME"];
  if (platform === "win32") return env["LOCALAPPDATA"] || win32.join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Application Support");
  return join(home, ".local", "share");
}

function logLevel(env: Environment): LogLevel {
  return oneOf("LOG_LEVEL", env["LOG_LEVEL"]?.toLowerCase() || "info", LOG_LEVELS);
}

function modelSettings(env: Environment): ModelSettings | null {
  const endpoint = env["AI_SERVICE_ENDPOINT"] || null;
  const apiKey = env["AI_SERVICE_API_KEY"] || null;
  const timeoutMs = milliseconds("AI_REQUEST_TIMEOUT_MS", env["AI_REQUEST_TIMEOUT_MS"], DEFAULT_TIMEOUT_MS);
  if (endpoint === null && apiKey === null) return null;
  return {
    endpoint: httpUrl(endpoint ?? OPENAI_ENDPOINT),
    apiKey,
    model: env["AI_MODEL"] || null,
    timeoutMs,
  };
}

function httpUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url && (url.username || url.password)) {
    throw new AppError("INVALID_INPUT", "AI_SERVICE_ENDPOINT holds a user name or password.", {
      hint: "Set it to the URL alone, and the secret as AI_SERVICE_API_KEY.",
    });
  }
  if (url && /^https?:$/.test(url.protocol)) return value.replace(/\/+$/, "");
  throw new AppError("INVALID_INPUT", `AI_SERVICE_ENDPOINT is "${value}", which is no http(s) URL.`, {
    hint: "Set it to the endpoint's base URL, such as http://localhost:11434/v1.",
  });
}

function yesOrNo(name: string, value: string): boolean {
  const word = value.toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is neither yes nor no.`, {
    hint: "Set it to one of: 1, true, yes, on; 0, false, no, off.",
  });
}

function milliseconds(name: string, value: string | undefined, preset: number): number {
  if (!value) return preset;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 3_600_000) return number;
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is no number of milliseconds.`, {
    hint: "Set it to a whole number from 1 to 3600000.",
  });
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found) return found;
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is not allowed.`, {
    hint: `Set it to one of: ${allowed.join(", ")}.`,
  });
}
