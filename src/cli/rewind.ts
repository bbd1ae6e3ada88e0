/** `orchestrator rewind ID --to VISIT`: a run is taken back to an earlier visit, by a person; an agent has a tool for it. */
import type { App } from "../app.ts";
import { AppError } from "../errors.ts";
import { type Instance, isFinal } from "../instance.ts";
import { refuseVisitToCome } from "../rules/refusals.ts";
import { waitsForPerson } from "../turn.ts";
import { type Command, withApp } from "./command.ts";
import { CLI } from "./person.ts";
import { lostWords, reasonOf, STEERING, standsText, whatNext, whereView, whoWants } from "./steering.ts";

/** A run that waits for a person is not taken back by a program: an agent could go on there. */
const WAITS = "the run waits for a person";

/** Entries that are read at a time. */
const PAGE = 1_000;

export const rewind: Command = {
  name: "rewind",
  summary: "Take a run back to an earlier visit",
  arguments: "ID",
  options: {
    to: { type: "string", value: "VISIT", help: "Number of the visit: its step and context as they were then" },
    ...STEERING,
  },
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const { positionals, values } = words;
    const [instance_id, ...more] = positionals;
    const { to, json } = values;
    if (!instance_id || more.length > 0 || typeof to !== "string") {
      complain("Name one run and a visit: orchestrator rewind ID --to VISIT (orchestrator show ID lists them)");
      return 2;
    }
    const to_visit = Number(to);
    if (!(Number.isSafeInteger(to_visit) && to_visit > 0)) {
      complain(`--to ${to} is no number of a visit (orchestrator show ${instance_id} lists them)`);
      return 2;
    }
    const input = { instance_id, to_visit, reason: reasonOf(words) };
    return withApp(words, stop, async ({ engine, pin }) => {
      const { instance: before } = await engine.status({ instance_id, history_limit: 0 });
      if (!isFinal(before.status)) {
        refuseVisitToCome(before, to_visit);
        if (!json) print(await planText(engine, before, to_visit));
      }
      const ask = (personal?: string) => whoWants({ words, terminal, pin, question: "Rewind it?", personal });
      const go = (by_person: boolean) => engine.rewindAlone({ ...input, by_person }, CLI);
      const who = isFinal(before.status) ? "words" : await ask(waitsForPerson(before) ? WAITS : undefined);
      if (!who) return 1;
      const made = await go(who === "person").catch(async (error) => {
        const waits = error instanceof AppError && error.code === "INSTANCE_SUSPENDED"; // since a moment ago
        if (!waits) throw error;
        return (await ask(WAITS)) ? go(true) : null;
      });
      if (!made) return 1;
      if (json) print(JSON.stringify(whereView(made.instance), null, 2));
      else print(`${made.replayed ? "It was taken back there already. " : ""}${whatNext(made.instance)}`);
      return 0;
    });
  },
};

async function planText(engine: App["engine"], instance: Instance, to_visit: number): Promise<string> {
  const name = await nameOfVisit(engine, instance, to_visit);
  return [
    standsText(instance, new Date()),
    `Back to visit ${to_visit} (${name}): it becomes visit ${instance.visit + 1}, with the context as it was then. Files and commits are not undone.`,
    ...(waitsForPerson(instance) ? ["What it waits for is over; if the step asks you, it asks again."] : []),
    ...lostWords(instance),
  ].join("\n");
}

/** Of the history, from its end back. */
async function nameOfVisit(engine: App["engine"], { instance_id, visit, step_name }: Instance, to: number) {
  if (to === visit) return step_name;
  let before: number | undefined;
  for (;;) {
    const { history } = await engine.status({ instance_id, history_limit: PAGE, history_before: before });
    const found = history.find((entry) => entry.visit === to);
    before = history[0]?.seq;
    if (found) return found.step_name;
    if (before === undefined || before <= 1) return "unknown";
  }
}
