/** `orchestrator wait ID`: ends when the agent or a person has something to do, or the run is over. It does nothing itself. */
import type { App } from "../app.ts";
import type { Instance } from "../instance.ts";
import { branchView } from "../mcp/branch-words.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { waitingFor } from "../turn.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";
import { untilChanged } from "./follow.ts";

export const wait: Command = {
  name: "wait",
  summary: "Wait until the agent or a person has something to do in a run",
  arguments: "ID",
  options: { db: STATE.db, ...JSON_OUTPUT },
  run: async (words, { print, complain, stop }) => {
    const [id, ...more] = words.positionals;
    if (!id || more.length > 0) {
      complain("Name one run: orchestrator wait ID (orchestrator instances lists them)");
      return 2;
    }
    return withApp(words, stop, async ({ engine }) => {
      const instance = await untilAsked(engine, { id, stop });
      if (!instance) return 1;
      const { instance_id, status, step_name, visit } = instance;
      const waiting_for = waitingFor(instance);
      const branch = branchView(instance);
      if (words.values["json"]) print(JSON.stringify({ instance_id, status, step_name, visit, waiting_for, branch }));
      else
        print(
          `${instance_id} is ${status} at ${step_name}, visit ${visit}${hangs(instance)}. ${whatNext(instance, id)}`,
        );
      return 0;
    });
  },
};

/** Null if it was told to stop before. */
async function untilAsked(engine: App["engine"], { id, stop }: { id: string; stop: AbortSignal }) {
  while (!stop.aborted) {
    const revision = await engine.revision();
    const instance = await engine.asked(id);
    if (instance) return instance;
    await untilChanged(engine, { revision, stop });
  }
  return null;
}

function hangs(instance: Instance): string {
  return instance.branch ? ` (${hangsWords(instance)})` : "";
}

/** `id` is what was waited for: it leads to whatever is to be done in it. */
function whatNext({ turn }: Instance, id: string): string {
  if (!turn) return "It is over; tell the user the outcome.";
  if (turn.of === "person") return `It waits for a person: ${turn.message ?? turn.kind}.`;
  return `Next: resume_workflow {"instance_id":"${id}"}`;
}
