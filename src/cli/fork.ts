/** `orchestrator fork ID`: another way is tried from an earlier visit, as a new run; the old one stays as it is. */
import { AppError } from "../errors.ts";
import { forkLine, forkView } from "../mcp/fork-words.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";
import { CLI, personAt } from "./person.ts";

/** A run that waits for a person is not forked by a program: an agent could go on in the fork. */
const ANEW =
  "A fork begins its visit anew: what asks you asks again there, and no yes is carried over. This run goes on waiting.";

export const fork: Command = {
  name: "fork",
  summary: "Try another way from an earlier visit of a run, as a new run",
  arguments: "ID",
  options: {
    ...STATE,
    at: { type: "string", value: "VISIT", help: "Number of the visit (else the current one, or the last)" },
    ...JSON_OUTPUT,
  },
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const { positionals, values } = words;
    const [instance_id, ...more] = positionals;
    const at = values["at"] ?? null;
    const at_visit = at === null ? undefined : Number(at);
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator fork ID [--at VISIT] (orchestrator instances lists them)");
      return 2;
    }
    if (at_visit !== undefined && !(Number.isSafeInteger(at_visit) && at_visit > 0)) {
      complain(`--at ${at} is no number of a visit (orchestrator show ${instance_id} lists them)`);
      return 2;
    }
    return withApp(words, stop, async ({ engine, pin }) => {
      const input = { instance_id, at_visit };
      const tried = await engine.forkAlone(input, CLI).catch((error) => {
        if (error instanceof AppError && error.code === "INSTANCE_SUSPENDED") return error;
        throw error;
      });
      if (tried instanceof AppError) {
        const person = personAt(words, terminal);
        print(`${instance_id}: ${tried.message}\n${ANEW}`);
        if (!(await person.agrees("Fork it?", pin))) return 1;
      }
      const made = tried instanceof AppError ? await engine.forkAlone({ ...input, by_person: true }, CLI) : tried;
      const { instance } = made;
      const { status, step_name, visit } = instance;
      if (values["json"]) {
        const forked_from = forkView(made);
        print(JSON.stringify({ instance_id: instance.instance_id, status, step_name, visit, forked_from }, null, 2));
        return 0;
      }
      print(forkLine(made));
      print(
        `${instance.instance_id} is ${status} at ${step_name}, visit ${visit}. Tell the agent: resume_workflow {"instance_id":"${instance.instance_id}"}`,
      );
      return 0;
    });
  },
};
