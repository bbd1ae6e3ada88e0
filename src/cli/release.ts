/** `orchestrator release`: a person lets a run go on that a guard suspended. No tool does it. */
import { type Command, DEFINITIONS, JSON_OUTPUT, STATE, withApp } from "./command.ts";

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
    ...JSON_OUTPUT,
  },
  run: async (words, { print, complain, stop }) => {
    const [instance_id, ...more] = words.positionals;
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator release INSTANCE (`orchestrator instances` lists them)");
      return 2;
    }
    return withApp(words, stop, async ({ engine }) => {
      const use_latest = words.values["use-latest"] === true;
      const { instance } = await engine.release({ instance_id, use_latest }, { actor: "cli" });
      const { status, step_name, visit } = instance;
      if (words.values["json"]) print(JSON.stringify({ instance_id, status, step_name, visit }));
      else
        print(
          `${instance_id} is ${status} at ${step_name}, visit ${visit}. Tell the agent: it goes on with resume_workflow.`,
        );
      return 0;
    });
  },
};
