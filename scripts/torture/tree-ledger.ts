/** The workflows of the tree that many work at, and what must stand in the file once it is done. */
import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Room } from "../client/room.ts";

export const TREE = "TREE";
const PART = "PART";
const STEPS_OF_PART = 2;

/** A root whose branches are open several at once, and what each of them runs. */
export function writeTreeWorkflows({ path }: Room, parallel: number): void {
  const step = (name: string, to: string) =>
    `# Orchestrator Guidance\n\nGo on.\n\n# Client Instructions\n\nDo ${name}.\n\n# Routes\n\n- otherwise → ${to}\n`;
  const index = (name: string, steps: string[], front = "") =>
    `${front}# ${name}\n\n## Goal\n\nAll parts.\n\n## Steps\n\n${steps.map((each, at) => `${at + 1}. [${each}](steps/${each.toLowerCase()}.md)`).join("\n")}\n`;
  const keys = [`uses: ${PART}`, "each: context.parts", "as: part", `max_parallel: ${parallel}`, "into: verdicts"];
  const files = {
    [`${TREE}/index.md`]: index(TREE, ["List", "Audit", "Report"]),
    [`${TREE}/steps/list.md`]: step("List", "Audit"),
    [`${TREE}/steps/audit.md`]: `---\n${keys.join("\n")}\n---\n\n# Orchestrator Guidance\n\nGo on.\n\n# Routes\n\n- otherwise → Report\n`,
    [`${TREE}/steps/report.md`]: step("Report", "FINISH"),
    [`${PART}/index.md`]: index(PART, ["Read", "Judge"], "---\noutputs: {verdict: string}\n---\n\n"),
    [`${PART}/steps/read.md`]: step("Read", "Judge"),
    [`${PART}/steps/judge.md`]: step("Judge", "FINISH"),
  };
  for (const [file, text] of Object.entries(files)) {
    const full = join(path, "workflows", file);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

interface BranchRow {
  id: string;
  number: number;
  status: string;
  verdict: string;
  entries: number;
}

/** What is missing, doubled or different; `done` is what callers were told, by branch and step. */
export function checkTree(
  db: string,
  root: string,
  { branches, done }: { branches: number; done: ReadonlyMap<string, string> },
): string[] {
  const file = new Database(db, { readonly: true });
  const wrong: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) wrong.push(what);
  };
  try {
    const { integrity_check } = file.query<{ integrity_check: string }, []>("PRAGMA integrity_check").get() ?? {};
    must(integrity_check === "ok", `integrity_check: ${integrity_check}`);
    const row = file
      .query<{ status: string; context: string }, [string]>(
        "SELECT status, context FROM instances WHERE instance_id = ?",
      )
      .get(root);
    must(row?.status === "COMPLETED", `the root is ${row?.status}`);
    const rows = file
      .query<BranchRow, [string]>(
        `SELECT instance_id AS id, branch ->> '$.number' AS number, status, context ->> '$.verdict' AS verdict,
          (SELECT COUNT(*) FROM history WHERE instance_id = i.instance_id AND decision IS NOT NULL) AS entries
         FROM instances AS i WHERE parent_id = ? ORDER BY number`,
      )
      .all(root);
    must(rows.length === branches, `${rows.length} branches of ${branches} are there`);
    must(
      rows.every(({ number }, index) => number === index + 1),
      "numbers of branches have gaps",
    );
    for (const { id, status, entries } of rows)
      must(status === "COMPLETED" && entries === STEPS_OF_PART, `${id} is ${status} with ${entries} visits`);
    const expected = rows.map(({ number, verdict }) => ({
      item: `part ${number}`,
      status: "COMPLETED",
      outputs: { verdict },
    }));
    const { verdicts } = JSON.parse(row?.context ?? "{}");
    must(Bun.deepEquals(verdicts, expected), `the results are not those of the branches: ${verdicts?.length}`);
    const joins = file
      .query<{ n: number }, [string]>(
        "SELECT COUNT(*) AS n FROM history WHERE instance_id = ? AND step_name = 'Audit' AND decision IS NOT NULL",
      )
      .get(root);
    must(joins?.n === 1, `joined ${joins?.n} times`);
    const reports = file.query<{ details: string }, [string, string]>(
      "SELECT report ->> '$.details' AS details FROM history WHERE instance_id = ? AND step_id = ? AND decision IS NOT NULL",
    );
    for (const [key, details] of done) {
      const [id = "", step = ""] = key.split(" ");
      const found = reports.all(id, step).map((each) => each.details);
      must(Bun.deepEquals(found, [details]), `${key}: answered to ${details}, the history has ${found.join("; ")}`);
    }
  } finally {
    file.close();
  }
  return wrong;
}
