/** `orchestrator instances`: the runs of this project, or of all. */
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";

const MOST = 100;

export const instances: Command = {
  name: "instances",
  summary: "List the runs of this project, newest first",
  arguments: "",
  options: {
    ...STATE,
    all: { type: "boolean", help: "Of all projects" },
    cursor: { type: "string", help: "Go on from the end of an earlier list" },
    ...JSON_OUTPUT,
  },
  run: (words, { print, complain, stop }) =>
    withApp(words, stop, async ({ engine }) => {
      const { all, cursor, json } = words.values;
      const page = await engine.list({
        all_projects: all === true,
        limit: MOST,
        cursor: typeof cursor === "string" ? cursor : undefined,
      });
      if (json) {
        print(JSON.stringify(page, null, 2));
        return 0;
      }
      for (const { instance_id, workflow_name, status, step_name, visit, updated_at, project } of page.instances) {
        const where = all ? `  ${project}` : "";
        print(
          `${instance_id}  ${status.padEnd(9)}  ${workflow_name}  ${step_name} (visit ${visit})  ${updated_at}${where}`,
        );
      }
      if (page.instances.length === 0) complain("No runs in this project.");
      if (page.next_cursor) complain(`More: --cursor ${page.next_cursor}`);
      if (page.elsewhere > 0) complain(`${page.elsewhere} in other projects: --all`);
      return 0;
    }),
};
