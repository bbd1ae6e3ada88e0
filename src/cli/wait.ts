/** `orchestrator wait ID`: ends when the agent or a person has something to do, or the run is over. It does nothing itself. */
import type { App } from "../app.ts";
import type { Instance } from "../instance.ts";
import { goesOnByItself, waitingFor } from "../turn.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";

/** How often it looks, in milliseconds. */
const LOOK_MS = 1_000;

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
      if (words.values["json"]) print(JSON.stringify({ instance_id, status, step_name, visit, waiting_for }));
      else print(`${instance_id} is ${status} at ${step_name}, visit ${visit}. ${whatNext(instance)}`);
      return 0;
    });
  },
};

/** Null if it was told to stop before. */
async function untilAsked(engine: App["engine"], { id, stop }: { id: string; stop: AbortSignal }) {
  while (!stop.aborted) {
    const { instance } = await engine.status({ instance_id: id, history_limit: 0 });
    if (!goesOnByItself(instance)) return instance;
    await Bun.sleep(LOOK_MS);
  }
  return null;
}

function whatNext({ instance_id, turn }: Instance): string {
  if (!turn) return "It is over; tell the user the outcome.";
  if (turn.of === "person") return `It waits for a person: ${turn.message ?? turn.kind}.`;
  return `Next: resume_workflow {"instance_id":"${instance_id}"}`;
}
