/** `orchestrator validate`: what is wrong in definitions, where, and what to do about it. */
import type { Catalog, Problem } from "../workflow.ts";
import { type Command, DEFINITIONS, JSON_OUTPUT, withApp } from "./command.ts";

interface Verdict {
  name: string;
  valid: boolean;
  problems: Problem[];
}

export const validate: Command = {
  name: "validate",
  summary: "Check workflows; exit code 1 where one has problems",
  arguments: "[NAME...]",
  options: { ...DEFINITIONS, ...JSON_OUTPUT },
  run: (words, { print }) =>
    withApp(words, async ({ engine }) => {
      const catalog = await engine.catalog();
      const all = [...catalog.workflows.keys(), ...catalog.invalid.keys()].sort();
      const names = words.positionals.length > 0 ? words.positionals : all;
      const verdicts = names.map((name) => verdictOn(name, catalog));
      if (words.values["json"]) print(JSON.stringify(verdicts, null, 2));
      else for (const verdict of verdicts) print(describe(verdict));
      return verdicts.every((verdict) => verdict.valid) ? 0 : 1;
    }),
};

function verdictOn(name: string, { workflows, invalid }: Catalog): Verdict {
  if (workflows.has(name)) return { name, valid: true, problems: [] };
  const known = [...workflows.keys(), ...invalid.keys()].join(", ") || "none";
  const missing: Problem = {
    code: "DEFINITION_NOT_FOUND",
    file: `${name}/index.md`,
    line: 1,
    message: `There is no workflow "${name}".`,
    hint: `There are: ${known}.`,
  };
  return { name, valid: false, problems: invalid.get(name) ?? [missing] };
}

function describe({ name, valid, problems }: Verdict): string {
  if (valid) return `${name}: ok`;
  const lines = problems.map(
    ({ code, file, line, message, hint }) => `  ${file}:${line} ${code}: ${message}\n    ${hint}`,
  );
  return [`${name}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`, ...lines].join("\n");
}
