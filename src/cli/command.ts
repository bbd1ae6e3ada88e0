/** What a command of the command line is, and the options that several share. */
import type { ParseArgsOptionDescriptor } from "node:util";
import { type App, createApp } from "../app.ts";
import { type Config, type Flags, readConfig } from "../config.ts";

type Option = ParseArgsOptionDescriptor & { help: string; value?: string };
export type Options = Record<string, Option>;

/** A command's words as parsed. */
export interface Words {
  values: Record<string, unknown>;
  positionals: string[];
}

export interface Terminal {
  /** Data, to stdout. What agents and definitions say may stand in it: what would steer the terminal is escaped. */
  print(line: string): void;
  /** The same as it is: for a command's own colours, never for words of others. */
  printRaw(line: string): void;
  /** Everything else, to stderr. */
  complain(line: string): void;
  /** Where a person's keys come from, and where they read: opened at the first use. */
  ends(): { input: NodeJS.ReadStream; output: NodeJS.WriteStream };
  /** Aborted when the process is told to end. */
  stop: AbortSignal;
}

export interface Command {
  name: string;
  summary: string;
  /** How its positional arguments are written in the help; empty if it takes none. */
  arguments: string;
  options: Options;
  /** Resolves to the exit code; an AppError that it throws is printed, exit code 1. */
  run(words: Words, terminal: Terminal): Promise<number>;
}

export const DEFINITIONS = {
  workflows: {
    type: "string",
    multiple: true,
    value: "DIR",
    help: "Directory of workflows, or builtin; repeatable, the last wins (else builtin and the project's workflows)",
  },
} satisfies Options;

export const PROJECT = {
  project: { type: "string", value: "DIR", help: "Project that runs are about (else the current directory)" },
} satisfies Options;

export const STATE = {
  db: { type: "string", value: "FILE", help: "Database file (else in the user's data directory)" },
  ...PROJECT,
} satisfies Options;

export const CHECKS = {
  "allow-checks": {
    type: "boolean",
    help: "Let workflows run the programs and look at the files that their checks name",
  },
  command: { type: "string", multiple: true, value: "NAME=COMMAND", help: "Name a program for checks; repeatable" },
} satisfies Options;

export const JSON_OUTPUT = { json: { type: "boolean", help: "Print JSON" } } satisfies Options;

/** Of a command that decides, so that it is refused with its reason. */
export const NO_JSON = {
  json: { type: "boolean", help: "Refused: a person decides, by typing; JSON is for reading" },
} satisfies Options;

/** The settings among a command's words. */
export function flagsOf({ values }: Words): Flags {
  return {
    workflows: texts(values["workflows"]),
    db: text(values["db"]),
    project: text(values["project"]),
    host: text(values["host"]),
    port: text(values["port"]),
    allowHosts: texts(values["allow-host"]),
    tokenFile: text(values["token-file"]),
    allowChecks: values["allow-checks"] === true ? true : undefined,
    commands: texts(values["command"]),
    notify: text(values["notify"]),
    elicit: values["elicit"] === true ? true : undefined,
  };
}

/**
 * Runs `body` with an app made from the words' settings, and closes it. Nothing in it waits long once it is told to end. The
 * command says itself what is wrong: warnings are logged only if the level asks for more than the default. Throws
 * INVALID_INPUT for a setting that cannot be used.
 */
export function withApp<T>(words: Words, stop: AbortSignal, body: (app: App) => Promise<T>): Promise<T> {
  const config = readConfig(flagsOf(words));
  return useApp({ ...config, logLevel: config.logLevel === "info" ? "error" : config.logLevel }, stop, body);
}

/** The same for a server, which logs at the level that is set. */
export function withServer<T>(words: Words, stop: AbortSignal, body: (app: App) => Promise<T>): Promise<T> {
  return useApp(readConfig(flagsOf(words)), stop, body);
}

async function useApp<T>(config: Config, stop: AbortSignal, body: (app: App) => Promise<T>): Promise<T> {
  const app = createApp(config);
  stop.addEventListener("abort", app.endWaits, { once: true });
  try {
    return await body(app);
  } finally {
    stop.removeEventListener("abort", app.endWaits);
    await app.close();
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}
