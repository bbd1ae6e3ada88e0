/** `orchestrator release`: a person lets a run go on that a guard suspended, at a terminal. No tool does it. */
import type { Releasable } from "../engine/release.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { type Command, DEFINITIONS, NO_JSON, STATE, withApp } from "./command.ts";
import { CLI, personAt } from "./person.ts";
import { whatNext } from "./steering.ts";

export const release: Command = {
  name: "release",
  summary: "Let a run go on that waits for a person",
  arguments: "INSTANCE",
  options: {
    ...DEFINITIONS,
    db: STATE.db,
    "use-latest": {
      type: "boolean",
      help: "Also move it to the workflow's files as they are now, even if they demand less",
    },
    ...NO_JSON,
  },
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const [instance_id, ...more] = words.positionals;
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator release INSTANCE (`orchestrator instances` lists them)");
      return 2;
    }
    const person = personAt(words, terminal);
    return withApp(words, stop, async ({ engine, pin }) => {
      const input = { instance_id, use_latest: words.values["use-latest"] === true };
      const { version, definition, ...shown } = await engine.releasable(input, CLI);
      print(releaseText(shown));
      if (!(await person.agrees("Let it go on?", pin))) return 1;
      const { instance } = await engine.release({ ...input, seen: { version, definition } }, CLI);
      print(whatNext(instance));
      return 0;
    });
  },
};

/** What it waits for, and what the files as they are now take away. */
function releaseText({ instance, weakened }: Pick<Releasable, "instance" | "weakened">): string {
  const { instance_id, workflow_name, step_name, visit, status, turn } = instance;
  const hangs = hangsWords(instance);
  const waits = turn?.of === "person" ? `waits since ${turn.since}: ${turn.message ?? turn.kind}` : `is ${status}`;
  const less = weakened.map((each) => `  - ${each}`);
  return [
    `${instance_id} (${workflow_name}) at ${step_name}, visit ${visit}, ${waits}.`,
    ...(hangs ? [hangs] : []),
    ...(less.length > 0 ? ["The workflow's files as they are now demand less of it, or run more:", ...less] : []),
  ].join("\n");
}
