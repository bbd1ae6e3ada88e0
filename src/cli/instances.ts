/** `orchestrator instances`: the runs of this project, or of all. */
import type { InstanceSummary } from "../instance.ts";
import { forkedWords } from "../mcp/fork-words.ts";
import { waitsWords } from "../turn.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";

const MOST = 100;

export const instances: Command = {
  name: "instances",
  summary: "List the runs of this project, newest first",
  arguments: "",
  options: {
    ...STATE,
    all: { type: "boolean", help: "Of all projects" },
    branches: { type: "boolean", help: "Their branches too, below them" },
    cursor: { type: "string", help: "Go on from the end of an earlier list" },
    ...JSON_OUTPUT,
  },
  run: (words, { print, complain, stop }) =>
    withApp(words, stop, async ({ engine }) => {
      const { all, branches, cursor, json } = words.values;
      const page = await engine.list({
        all_projects: all === true,
        branches: branches === true,
        limit: MOST,
        cursor: typeof cursor === "string" ? cursor : undefined,
      });
      if (json) {
        print(JSON.stringify(page, null, 2));
        return 0;
      }
      for (const { run, depth } of inTrees(page.instances)) {
        print(`${"  ".repeat(depth)}${line(run, depth)}${all ? `  ${run.project}` : ""}`);
      }
      if (page.instances.length === 0) complain("No runs in this project.");
      if (page.next_cursor) complain(`More: --cursor ${page.next_cursor}`);
      if (page.elsewhere > 0) complain(`${page.elsewhere} in other projects: --all`);
      return 0;
    }),
};

/** Each branch below its parent, in the order in which they began; one whose parent is on a later page stands where it is. */
function inTrees(runs: InstanceSummary[]): { run: InstanceSummary; depth: number }[] {
  const ids = new Set(runs.map(({ instance_id }) => instance_id));
  const below = Map.groupBy(runs.toReversed(), ({ parent_id }) => parent_id ?? "");
  const withBelow = (run: InstanceSummary, depth: number): { run: InstanceSummary; depth: number }[] => [
    { run, depth },
    ...(below.get(run.instance_id) ?? []).flatMap((each) => withBelow(each, depth + 1)),
  ];
  return runs
    .filter(({ parent_id }) => parent_id === undefined || !ids.has(parent_id))
    .flatMap((run) => withBelow(run, 0));
}

/** `run_7k…  SUSPENDED  WORK  Implement (visit 3; paused)  2026-11-27T05:10:00.000Z`. */
function line(run: InstanceSummary, depth: number): string {
  const { instance_id, workflow_name, status, step_name, visit, waiting_for, updated_at, forked_from, parent_id } = run;
  const at = `${step_name} (visit ${visit}${waiting_for ? `; ${waitsWords(waiting_for)}` : ""})`;
  const from = forked_from ? `  ${forkedWords({ forked_from })}` : "";
  const above = parent_id !== undefined && depth === 0 ? `  branch of ${parent_id}` : "";
  return `${instance_id}  ${status.padEnd(9)}  ${workflow_name}  ${at}  ${updated_at}${above}${from}`;
}
