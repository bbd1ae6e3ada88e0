/** `orchestrator validate`: what is wrong in definitions, where, and what to do about it. */
import type { App } from "../app.ts";
import { asWritten, didYouMean } from "../near-name.ts";
import { oneLine } from "../words.ts";
import type { Catalog, Problem } from "../workflow.ts";
import { CHECKS, type Command, DEFINITIONS, JSON_OUTPUT, PROJECT, withApp } from "./command.ts";
import { type Here, placesWords, whatHere, whatWords } from "./here.ts";

/** With what a server with these settings would look at and run. */
interface Verdict extends Here {
  name: string;
  valid: boolean;
  problems: readonly Problem[];
  /** What is legal but odd. */
  warnings: readonly Problem[];
}

export const validate: Command = {
  name: "validate",
  summary: "Check workflows; exit code 1 if one has problems",
  arguments: "[NAME...]",
  options: { ...DEFINITIONS, ...PROJECT, ...CHECKS, ...JSON_OUTPUT },
  run: (words, { print, complain, stop }) =>
    withApp(words, stop, async (app) => {
      const catalog = await app.engine.catalog();
      const all = [...catalog.workflows.keys(), ...catalog.invalid.keys()].sort();
      const names = words.positionals.length > 0 ? words.positionals : all;
      const verdicts = names.map((name) => verdictOn(name, catalog, app));
      if (words.values["json"]) print(JSON.stringify(verdicts, null, 2));
      else for (const verdict of verdicts) print(describe(verdict));
      complain(`${names.length === 0 ? "There is no workflow. " : ""}Looked in ${placesWords(catalog)}.`);
      return verdicts.every((verdict) => verdict.valid) ? 0 : 1;
    }),
};

function verdictOn(given: string, { workflows, invalid }: Catalog, app: App): Verdict {
  const all = [...workflows.keys(), ...invalid.keys()];
  const name = asWritten(given, all);
  const loaded = workflows.get(name);
  if (loaded) return { name, valid: true, problems: [], warnings: loaded.warnings ?? [], ...whatHere(loaded, app) };
  const missing: Problem = {
    code: "DEFINITION_NOT_FOUND",
    file: `${name}/index.md`,
    line: 1,
    message: `There is no workflow "${name}".`,
    hint: `${didYouMean(name, all)}There are: ${all.join(", ") || "none"}.`,
  };
  const nothing: Here = { checks: [], programs: [], approvals: [] };
  return { name, valid: false, problems: invalid.get(name) ?? [missing], warnings: [], ...nothing };
}

function describe({ name, valid, problems, warnings, ...here }: Verdict): string {
  const verdict = valid ? "ok" : count(problems, "problem");
  const head = `${name}: ${verdict}${warnings.length > 0 ? `, ${count(warnings, "warning")}` : ""}`;
  const words = whatWords(here);
  return [head, ...(words ? [`  ${words}`] : []), ...[...problems, ...warnings].map(paragraph)].join("\n");
}

function count(items: readonly Problem[], word: string): string {
  return `${items.length} ${word}${items.length === 1 ? "" : "s"}`;
}

/** Where it is, the line itself, and the way out. */
function paragraph({ code, file, line, message, hint, source }: Problem): string {
  const quoted = source === undefined ? [] : [`    | ${sourceLine(source)}`];
  return [`  ${file}:${line} ${code}: ${message}`, ...quoted, `    ${hint}`].join("\n");
}

/** A line of somebody's file, as one line that steers no terminal. */
function sourceLine(source: string): string {
  return oneLine(source, 120);
}
