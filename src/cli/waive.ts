/** `orchestrator waive`: a person does not demand, once, what the current visit has to prove, at a terminal. No tool does it. */
import type { Waivable } from "../engine/waive.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { oneLine } from "../words.ts";
import { type Command, NO_JSON, STATE, withApp } from "./command.ts";
import { CLI, personAt } from "./person.ts";

export const waive: Command = {
  name: "waive",
  summary: "Do not demand, once, a check or a value of a run's current step",
  arguments: "ID",
  options: {
    check: {
      type: "string",
      value: "NAME",
      help: 'The check by its name, a value as "produces KEY", or "produces" for all',
    },
    reason: { type: "string", value: "TEXT", help: "Why: one line, which the history and the last answer keep" },
    db: STATE.db,
    ...NO_JSON,
  },
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const { positionals, values } = words;
    const [instance_id, ...more] = positionals;
    const { check: asked, reason } = values;
    if (!instance_id || more.length > 0 || typeof asked !== "string" || typeof reason !== "string") {
      complain("Name one run, what is not demanded of it, and why: orchestrator waive ID --check NAME --reason TEXT");
      return 2;
    }
    const person = personAt(words, terminal);
    return withApp(words, stop, async ({ engine, pin }) => {
      const before = await engine.waivable({ instance_id, what: asked, reason });
      print(waiveText(before));
      if (before.known) return 0;
      if (!(await person.agrees("Waive it?", pin))) return 1;
      const { visit, definition } = before.instance;
      const done = await engine.waive({ instance_id, what: before.what, reason, seen: { visit, definition } }, CLI);
      print(`Waived: ${done.what}, of visit ${visit}. Tell the agent: it reports the step again.`);
      return 0;
    });
  },
};

/** Longest name of a check that is shown, in characters. */
const MAX_NAME = 200;

function waiveText({ instance, what, reason, known, refused, checks_running }: Waivable): string {
  const { instance_id, workflow_name, step_name, visit } = instance;
  const name = oneLine(what, MAX_NAME);
  const lines = [
    `${instance_id} (${workflow_name}) at ${step_name}, visit ${visit}.`,
    hangsWords(instance),
    known ? `Waived already: ${name}` : `To be waived, once: ${name} (the history will say waived, never passed)`,
    refused && `Refused so far: ${refused}`,
    `Reason: ${reason}`,
    checks_running && "The server checks a report now: it counts from the next look on.",
  ];
  return lines.filter(Boolean).join("\n");
}
