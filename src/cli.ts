/** The command line: its commands, and how words become a call of one. Prints data to stdout, all else to stderr. */
import { parseArgs } from "node:util";
import { VERSION } from "./app.ts";
import { approvals } from "./cli/approvals.ts";
import { approve } from "./cli/approve.ts";
import { backup } from "./cli/backup.ts";
import { cancel } from "./cli/cancel.ts";
import { type Command, JSON_OUTPUT, type Options, type Words } from "./cli/command.ts";
import { dashboard } from "./cli/dashboard.ts";
import { demo } from "./cli/demo.ts";
import { deny } from "./cli/deny.ts";
import { doctor } from "./cli/doctor.ts";
import { wayOut } from "./cli/for-people.ts";
import { fork } from "./cli/fork.ts";
import { graph } from "./cli/graph.ts";
import { hook } from "./cli/hook.ts";
import { init } from "./cli/init.ts";
import { instances } from "./cli/instances.ts";
import { list } from "./cli/list.ts";
import { pin } from "./cli/pin.ts";
import { prune } from "./cli/prune.ts";
import { release } from "./cli/release.ts";
import { rewind } from "./cli/rewind.ts";
import { serve } from "./cli/serve.ts";
import { show } from "./cli/show.ts";
import { validate } from "./cli/validate.ts";
import { wait } from "./cli/wait.ts";
import { waive } from "./cli/waive.ts";
import { watch } from "./cli/watch.ts";
import { AppError } from "./errors.ts";
import { didYouMean, nearName } from "./near-name.ts";
import { visible } from "./words.ts";

const version: Command = {
  name: "version",
  summary: "Print the version",
  arguments: "",
  options: { ...JSON_OUTPUT },
  run: async ({ values }, { print }) => {
    print(values["json"] ? JSON.stringify({ version: VERSION }) : VERSION);
    return 0;
  },
};

const COMMANDS: Command[] = [
  init,
  serve,
  dashboard,
  list,
  validate,
  graph,
  instances,
  show,
  watch,
  wait,
  cancel,
  rewind,
  fork,
  approvals,
  approve,
  deny,
  release,
  waive,
  pin,
  doctor,
  hook,
  backup,
  prune,
  demo,
  version,
];

const HELP = { help: { type: "boolean", short: "h", help: "Show this help" } } satisfies Options;

/** Runs one command; resolves to the exit code: 0 done, 1 it failed, 2 wrong usage. */
export async function runCli(argv: string[], terminal: { stop: AbortSignal }): Promise<number> {
  const printRaw = (line: string) => void process.stdout.write(`${line}\n`);
  const print = (line: string) => printRaw(visible(line));
  const complain = (line: string) => void process.stderr.write(`${visible(line)}\n`);
  const ends = () => ({ input: process.stdin, output: process.stdout });
  const output = { print, printRaw, complain, ends, ...terminal };
  const [first = ""] = argv;
  if (first === "--version") return version.run({ values: {}, positionals: [] }, output);
  if (first === "--help" || first === "-h" || first === "help") {
    const about = COMMANDS.find((each) => each.name === argv[1]);
    print(about ? helpOf(about) : overview());
    return 0;
  }
  const named = first !== "" && !first.startsWith("-");
  const command = named ? COMMANDS.find((each) => each.name === first) : serve;
  if (!command) {
    const near = didYouMean(
      first,
      COMMANDS.map((each) => each.name),
    );
    complain(`There is no command "${first}". ${near}Commands: ${COMMANDS.map((each) => each.name).join(", ")}`);
    return 2;
  }
  const words = parse(command, named ? argv.slice(1) : argv);
  if (typeof words === "string") {
    complain(`${words}\nSee: orchestrator ${command.name} --help`);
    return 2;
  }
  if (words.values["help"]) {
    print(helpOf(command));
    return 0;
  }
  try {
    return await command.run(words, output);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    complain(`${error.code}: ${error.message}\n${wayOut(error)}`);
    return 1;
  }
}

/** The words of a command, or why they cannot be understood. */
function parse(command: Command, args: string[]): Words | string {
  try {
    const options = { ...command.options, ...HELP };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const accepts = command.arguments !== "";
    if (!accepts && positionals.length > 0) return `"${positionals[0]}" is one word too many.`;
    return { values, positionals };
  } catch (error) {
    return whyUnknown(error, Object.keys({ ...command.options, ...HELP }));
  }
}

/** Node's first sentence, and the option that was probably meant. */
function whyUnknown(error: unknown, known: readonly string[]): string {
  const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(/\. To specify/);
  const [, name] = /^Unknown option '--([^']+)'$/.exec(sentence) ?? [];
  if (name === undefined) return sentence;
  const near = nearName(name, known);
  return `${sentence}.${near === undefined ? "" : ` Did you mean --${near}?`}`;
}

function overview(): string {
  const lines = COMMANDS.map((each) => `  ${each.name.padEnd(12)}${each.summary}`);
  return [
    `orchestrator ${VERSION}: leads a coding agent through workflows written in Markdown, over MCP.`,
    "",
    "Usage: orchestrator [COMMAND] [OPTIONS]; without a command it serves MCP over stdio.",
    "",
    ...lines,
    "",
    "orchestrator COMMAND --help explains each.",
  ].join("\n");
}

function helpOf(command: Command): string {
  const all: Options = { ...command.options, ...HELP };
  const options = Object.entries(all).map(([name, option]) => {
    const value = option.type === "string" ? ` ${option.value ?? "VALUE"}` : "";
    return `  ${`--${name}${value}`.padEnd(24)}${option.help}`;
  });
  const usage = `orchestrator ${command.name}${command.arguments && ` ${command.arguments}`} [OPTIONS]`;
  return [`${command.summary}.`, "", `Usage: ${usage}`, "", ...options].join("\n");
}
