/** `orchestrator approvals`: what waits for a person's yes or no. */
import type { Waits } from "../engine/approvals.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { oneLine } from "../words.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";

const MOST_OF_ASK = 120;

export const approvals: Command = {
  name: "approvals",
  summary: "List what waits for your yes or no in this project",
  arguments: "",
  options: { ...STATE, all: { type: "boolean", help: "Of all projects" }, ...JSON_OUTPUT },
  run: (words, { print, complain, stop }) =>
    withApp(words, stop, async ({ engine }) => {
      const all = words.values["all"] === true;
      const waiting = await engine.approvals({ all });
      if (words.values["json"]) {
        print(JSON.stringify(waiting, null, 2));
        return 0;
      }
      for (const each of waiting) print(`${line(each)}${all ? `  ${each.project}` : ""}`);
      if (waiting.length > 0) complain("orchestrator approve ID shows what one is about and asks you.");
      else
        complain(
          all ? "Nothing waits for an approval." : "Nothing waits for an approval in this project (--all: in any).",
        );
      return 0;
    }),
};

/** `run_7k…  RELEASE  Deploy (visit 3)  2026-11-27T08:55:00.000Z  Deploy 1.2.0 to production?`. */
function line({ instance_id, workflow_name, step_name, visit, since, ask, branch }: Waits): string {
  const hangs = branch ? `  ${hangsWords({ branch })}` : "";
  return `${instance_id}  ${workflow_name}  ${step_name} (visit ${visit})  ${since}  ${oneLine(ask, MOST_OF_ASK)}${hangs}`;
}
