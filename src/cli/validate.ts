/** `orchestrator validate`: what is wrong in definitions, where, and what to do about it. */
import type { App } from "../app.ts";
import { jsonText } from "../json.ts";
import { asWritten, didYouMean } from "../near-name.ts";
import type { Catalog, Problem } from "../workflow.ts";
import { CHECKS, type Command, DEFINITIONS, JSON_OUTPUT, PROJECT, withApp } from "./command.ts";
import { type CheckHere, checksHere, checksWords, placesWords } from "./here.ts";

interface Verdict {
  name: string;
  valid: boolean;
  problems: Problem[];
  /** Which of its checks a server with these settings would look at. */
  checks: CheckHere[];
}

export const validate: Command = {
  name: "validate",
  summary: "Check workflows; exit code 1 where one has problems",
  arguments: "[NAME...]",
  options: { ...DEFINITIONS, ...PROJECT, ...CHECKS, ...JSON_OUTPUT },
  run: (words, { print, complain }) =>
    withApp(words, async (app) => {
      const catalog = await app.engine.catalog();
      const all = [...catalog.workflows.keys(), ...catalog.invalid.keys()].sort();
      const names = words.positionals.length > 0 ? words.positionals : all;
      const verdicts = names.map((name) => verdictOn(name, catalog, app));
      if (words.values["json"]) print(jsonText(verdicts, 2));
      else for (const verdict of verdicts) print(describe(verdict));
      complain(`Looked in ${placesWords(catalog)}.`);
      return verdicts.every((verdict) => verdict.valid) ? 0 : 1;
    }),
};

function verdictOn(given: string, { workflows, invalid }: Catalog, app: App): Verdict {
  const all = [...workflows.keys(), ...invalid.keys()];
  const name = asWritten(given, all);
  const loaded = workflows.get(name);
  if (loaded) return { name, valid: true, problems: [], checks: checksHere(loaded, app) };
  const missing: Problem = {
    code: "DEFINITION_NOT_FOUND",
    file: `${name}/index.md`,
    line: 1,
    message: `There is no workflow "${name}".`,
    hint: `${didYouMean(name, all)}There are: ${all.join(", ") || "none"}.`,
  };
  return { name, valid: false, problems: invalid.get(name) ?? [missing], checks: [] };
}

function describe({ name, valid, problems, checks }: Verdict): string {
  if (valid) return checks.length > 0 ? `${name}: ok\n  ${checksWords(checks)}` : `${name}: ok`;
  const lines = problems.map(
    ({ code, file, line, message, hint }) => `  ${file}:${line} ${code}: ${message}\n    ${hint}`,
  );
  return [`${name}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`, ...lines].join("\n");
}
