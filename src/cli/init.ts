/** `orchestrator init`: adds this executable to the agents that are there, after showing every line that it would write. */
import { parseArgs } from "node:util";
import { self } from "../app.ts";
import { namedCommands } from "../check-settings.ts";
import { guessTests, type TestGuess } from "../clients/guess.ts";
import { CLIENT_NAMES, CLIENTS, type ClientName, type Scope } from "../clients/known.ts";
import { type Launch, namesCommand, programLength } from "../clients/launch.ts";
import { type FilePlan, isPresent, type Purpose, planFor } from "../clients/plan.ts";
import { clientHomes, readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import { didYouMean } from "../near-name.ts";
import { CHECKS, type Command, flagsOf, JSON_OUTPUT, PROJECT, type Terminal, type Words } from "./command.ts";
import { type Done, describe, describeDone, notes, testsWords } from "./init-words.ts";
import { type Person, personAt } from "./person.ts";
import { serve } from "./serve.ts";

export const init: Command = {
  name: "init",
  summary: "Add this server to the agents that are here; shows what it would write, and asks",
  arguments: "",
  options: {
    client: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: `One of ${CLIENT_NAMES.join(", ")}; repeatable (else those that are here)`,
    },
    scope: { type: "string", value: "SCOPE", help: "project or user (else where the client's file lies)" },
    command: CHECKS.command,
    yes: { type: "boolean", help: "Write without asking" },
    replace: { type: "boolean", help: "Replace another server of the name orchestrator" },
    remove: { type: "boolean", help: "Take out what init wrote" },
    ...PROJECT,
    ...JSON_OUTPUT,
  },
  run: async (words, terminal) => {
    const wrong = wrongWords(words);
    if (wrong) {
      terminal.complain(`${wrong}\nSee: orchestrator init --help`);
      return 2;
    }
    return run(words, terminal);
  },
};

const NEXT = "Start the agent anew, then say: Use the orchestrator's workflow WORK for this task: …";

async function run(words: Words, terminal: Terminal): Promise<number> {
  const isYes = words.values["yes"] === true;
  const isJson = words.values["json"] === true;
  const person = isYes || isJson || !isSeated(terminal) ? null : personAt(words, terminal);
  const purpose = purposeOf(words);
  const clients = chosenClients(words, purpose);
  const tests = await chosenTests(clients, purpose, person);
  const plans = planAll(clients, { ...purpose, tests: tests?.command ?? null });
  const aboutTests = { tests, guesses: guessesFor(purpose), person: person !== null };
  const told = purpose.remove ? [] : testsWords(plans, aboutTests);
  if (!isJson) for (const line of [...plans.flatMap(describe), ...told]) terminal.print(line);
  const due = plans.filter(({ action }) => action !== "keep" && action !== "leave");
  const agreed = isYes || due.length === 0 || (person ? await agrees(person, terminal) : null);
  const done = agreed === true ? due.map(execute) : [];
  if (isJson) terminal.print(JSON.stringify(asData(plans, { tests, done }), null, 2));
  else tellDone(done, { agreed, remove: purpose.remove, terminal });
  return exitCode(plans, { done, agreed, isJson });
}

/** Whether somebody can be asked. */
function isSeated({ ends }: Terminal): boolean {
  const { input, output } = ends();
  return input.isTTY && output.isTTY;
}

function tellDone(
  done: Done[],
  { agreed, remove, terminal }: { agreed: boolean | null; remove: boolean; terminal: Terminal },
): void {
  const { print, complain } = terminal;
  for (const each of done) (each.fault ? complain : print)(describeDone(each));
  if (agreed === null) complain("Nothing was written: add --yes, or run this in a terminal, where you are asked.");
  if (remove || done.every(({ fault }) => fault)) return;
  for (const line of [...notes(done), NEXT]) print(line);
}

function execute(plan: FilePlan): Done {
  try {
    return { plan, copy: plan.act(), fault: "" };
  } catch (error) {
    return { plan, copy: null, fault: error instanceof Error ? error.message : String(error) };
  }
}

async function agrees(person: Person, { complain }: Terminal): Promise<boolean> {
  if ((await person.line("Write this? Type yes: ")) === "yes") return true;
  complain("Nothing changed.");
  return false;
}

/** 0: all that could be done was, or is there already; 1: nothing could be, or nobody said yes. */
function exitCode(
  plans: FilePlan[],
  { done, agreed, isJson }: { done: Done[]; agreed: boolean | null; isJson: boolean },
): number {
  const isFine = plans.some(({ action }) => action === "keep") || done.some(({ fault }) => !fault);
  if (isFine) return 0;
  return isJson && agreed === null && plans.some(({ action }) => action !== "leave") ? 0 : 1;
}

/** What of the words cannot be; empty if all can. */
function wrongWords({ values }: Words): string {
  const { scope, client = [], remove, replace, command } = values;
  if (scope !== undefined && scope !== "project" && scope !== "user")
    return `--scope is "${String(scope)}": it is project or user.`;
  const unknown = [client].flat().find((name) => !CLIENT_NAMES.some((known) => known === name));
  if (unknown !== undefined)
    return `There is no client "${String(unknown)}" here. ${didYouMean(String(unknown), CLIENT_NAMES)}Clients: ${CLIENT_NAMES.join(", ")}`;
  if (remove === true && (replace === true || command !== undefined))
    return "--remove takes ours out as it is: leave --replace and --command out.";
  return "";
}

function purposeOf(words: Words): Purpose {
  const flags = flagsOf(words);
  namedCommands(flags.commands ?? []);
  const { scope, replace, remove } = words.values;
  return {
    project: readConfig({ project: flags.project }).project,
    homes: clientHomes(),
    scope: scope === "project" || scope === "user" ? scope : null,
    launch: launchOf(flags.commands ?? []),
    tests: null,
    replace: replace === true,
    remove: remove === true,
  };
}

function launchOf(commands: readonly string[]): Launch {
  const words = self();
  return { self: words, commands, isOurs: (found) => isOurs(found, words) };
}

/** An executable of our name, or this one, started with words that `serve` understands. */
function isOurs(found: readonly string[], words: readonly string[]): boolean {
  const length = programLength(found, { self: words });
  const [program = ""] = found;
  if (length === 1 && program !== words[0] && !/(^|[/\\])orchestrator(\.exe)?$/.test(program)) return false;
  const args = found.slice(length);
  try {
    parseArgs({ args: args[0] === "serve" ? args.slice(1) : args, options: serve.options });
    return true;
  } catch {
    return false;
  }
}

function chosenClients({ values }: Words, { homes, project, remove }: Purpose): ClientName[] {
  const named = CLIENT_NAMES.filter((name) => [values["client"]].flat().includes(name));
  if (named.length > 0) return named;
  const present = CLIENT_NAMES.filter((name) => isPresent(CLIENTS[name], homes, project));
  if (present.length > 0) return present;
  throw new AppError("INVALID_INPUT", `None of the clients that are known here was found; nothing changed.`, {
    hint: `Name one: orchestrator init ${remove ? "--remove " : ""}--client NAME; it is one of ${CLIENT_NAMES.join(", ")}.`,
  });
}

function planAll(clients: readonly ClientName[], purpose: Purpose): FilePlan[] {
  const isAlone = clients.length === 1;
  const plans = clients.flatMap((client) => {
    const canHave = !purpose.scope || isAlone || hasScope(client, purpose.scope, purpose);
    return canHave ? planFor(client, purpose) : [];
  });
  if (plans.length > 0) return plans;
  const titles = clients.map((client) => CLIENTS[client].title).join(", ");
  throw new AppError(
    "INVALID_INPUT",
    `${purpose.remove ? "Nothing of ours was found in the files" : "There is no such file"} of ${titles}; nothing changed.`,
    {
      hint: purpose.remove
        ? "Name another --client, --scope or --project."
        : "Leave --scope out, or name another --client.",
    },
  );
}

function hasScope(client: ClientName, scope: Scope, { homes }: Purpose): boolean {
  return scope === "project" ? CLIENTS[client].project.length > 0 : CLIENTS[client].user(homes).length > 0;
}

function guessesFor({ project, launch }: Purpose): TestGuess[] {
  const isNamed = namesCommand(
    launch.commands.flatMap((command) => ["--command", command]),
    "test",
  );
  return isNamed ? [] : guessTests(project);
}

/** The command for tests: asked for at a terminal, else the only one that may be meant. Null if none is written. */
async function chosenTests(
  clients: readonly ClientName[],
  purpose: Purpose,
  person: Person | null,
): Promise<TestGuess | null> {
  const guesses = guessesFor(purpose);
  const [first, ...others] = guesses;
  if (purpose.remove || !first) return null;
  const takes = planAll(clients, purpose).some(({ isNewEntry, scope }) => isNewEntry && scope === "project");
  if (!takes) return null;
  if (!person) return others.length === 0 ? first : null;
  const list = guesses.map(({ command, from }) => `${command} (${from})`).join(", ");
  const said = await person.line(
    `Tests seem to be run by ${list}. What may the server run as "test"? Enter: ${first.command}; -: nothing: `,
  );
  if (said === null || said.trim() === "-") return null;
  const given = said.trim() || first.command;
  namedCommands([`test=${given}`]);
  return { command: given, from: guesses.find(({ command }) => command === given)?.from ?? "you" };
}

function asData(plans: FilePlan[], { tests, done }: { tests: TestGuess | null; done: Done[] }): object {
  const files = plans.map(({ act, isNewEntry, ...plan }) => {
    const came = done.find((each) => each.plan.path === plan.path && each.plan.client === plan.client);
    return { ...plan, ...(came && { written: !came.fault, copy: came.copy, fault: came.fault }) };
  });
  return { files, tests };
}
