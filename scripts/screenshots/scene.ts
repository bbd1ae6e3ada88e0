/** A project, its workflow and the runs that the pictures of the page show: all done over MCP, by a scripted agent. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Answer, Client } from "../client/client.ts";

type Fields = Record<string, unknown>;

const RELEASE = {
  "index.md": `---
description: A release from its notes to a deploy that a person said yes to
---
# RELEASE

## Goal

The version is live, its tests pass, and a person has seen what changed.

## Steps

1. [Write Notes](steps/write-notes.md)
2. [Run Tests](steps/run-tests.md)
3. [Repair](steps/repair.md)
4. [Deploy](steps/deploy.md)
5. [Announce](steps/announce.md)
`,
  "steps/write-notes.md": `---
next: Run Tests
produces: {version: string}
checks: [{file: notes.md}]
---
# Orchestrator Guidance

The tests follow.

# Client Instructions

Write notes.md: a line for each change that a user would notice.
`,
  "steps/run-tests.md": `---
run: {command: test}
max_visits: 5
---
# Orchestrator Guidance

The tests decide.

# Client Instructions

Run the tests.

# Routes

- \`report.status == "success"\` → Deploy
- otherwise → Repair
`,
  "steps/repair.md": `---
next: Run Tests
---
# Orchestrator Guidance

The tests run again.

# Client Instructions

Repair what failed. Change no test.
`,
  "steps/deploy.md": `---
approval:
  ask: "Deploy {{ context.version }} to production?"
  show: [context.version, notes.md, changes]
  denied: Repair
---
# Orchestrator Guidance

Deployed: Announce.

# Client Instructions

Run ./deploy.sh {{ context.version }}.
`,
  "steps/announce.md": `# Orchestrator Guidance

Told: FINISH.

# Client Instructions

Tell the team what is new.
`,
};

const NIGHTLY = {
  "index.md":
    "# NIGHTLY\n\n## Goal\n\nNothing that customers click on is dead.\n\n## Steps\n\n1. [Check Links](steps/check-links.md)\n",
  "steps/check-links.md": `---
next: [FINISH, FAIL]
---
# Orchestrator Guidance

All answer: FINISH. Else: FAIL.

# Client Instructions

Open each link of the shop.
`,
};

const NOTES =
  "# 1.4.0\n\n- Prices round half cents up, as the invoices do\n- The list of orders opens in half the time\n";
const MONEY = "export const cents = (value) => Math.floor(value * 100);\n";
const REPAIRED = "/** Half cents go up. */\nexport const cents = (value) => Math.round(value * 100);\n";
const TEST = `const { cents } = await import("./money.js");
const wrong = [[1.005, 101], [2.675, 268]].filter(([value, right]) => cents(value + 1e-9) !== right);
for (const [value, right] of wrong) console.log("FAIL cents(" + value + "): got " + cents(value) + ", expected " + right);
console.log(wrong.length + " of 14 tests failed");
process.exit(wrong.length > 0 ? 1 : 0);
`;

/** Lays the files of the project down, under git. */
export function layOut(project: string): void {
  const workflows = Object.entries({ RELEASE, NIGHTLY }).flatMap(([workflow, texts]) =>
    Object.entries(texts).map(([name, text]) => [`workflows/${workflow}/${name}`, text] as const),
  );
  const files = [
    ...workflows,
    ["money.js", MONEY],
    ["test.mjs", TEST],
    ["package.json", '{"type": "module"}\n'],
  ] as const;
  for (const [name, text] of files) write(project, name, text);
  const git = (...words: string[]) => Bun.spawnSync(["git", "-C", project, ...words]);
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message=Begin");
}

/** Drives all runs; resolves to the id of the one that waits for a yes. */
export async function playAll(client: Client, project: string): Promise<string> {
  const agent = agentOn(client);
  await nightly(agent, { details: "All 214 links of the shop answer.", next_step: "FINISH" });
  await nightly(agent, {
    status: "failure",
    error: "The catalogue of the supplier does not answer.",
    next_step: "FAIL",
  });
  await cancelled(agent);
  await audited(agent);
  await agent.start("WORK", { task: "Show the tax in the basket" });
  return release(agent, project);
}

type Agent = ReturnType<typeof agentOn>;

function agentOn(client: Client) {
  async function call(tool: string, args: Fields): Promise<Answer> {
    const answer = await client.call(tool, args);
    if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
    return answer;
  }
  const start = (workflow_name: string, context: Fields = {}) => call("start_workflow", { workflow_name, context });
  /** Reports the step that the answer handed out. */
  const report = (told: Answer, said: Fields, context_updates: Fields = {}) =>
    call("advance_workflow", {
      instance_id: told.data.instance_id,
      report: { step_id: told.data.next_step.step_id, status: "success", ...said },
      context_updates,
    });
  return { call, start, report };
}

async function nightly({ start, report }: Agent, report_of_it: Fields): Promise<void> {
  await report(await start("NIGHTLY"), report_of_it);
}

async function cancelled({ start, call }: Agent): Promise<void> {
  const told = await start("SPRINT_TASK", { ticket: "SHOP-128" });
  await call("cancel_workflow", { instance_id: told.data.instance_id, reason: "The ticket was withdrawn" });
}

async function audited({ start, report, call }: Agent): Promise<void> {
  const told = await start("AUDIT");
  const parts = ["money.js", "basket.js", "orders.js", "mail.js"];
  const given = { project_path: "/home/ada/shop", report_path: "/home/ada/shop/audit.md", helpers: 2, parts };
  const board = await report(
    told,
    { details: "Four parts, two helpers." },
    { ...given, question: "Where is money rounded?" },
  );
  const { instance_id } = board.data;
  await call("resume_workflow", { instance_id }).catch(() => null);
}

async function release({ start, report }: Agent, project: string): Promise<string> {
  const told = await start("RELEASE", { ticket: "SHOP-131", team: "payments" });
  write(project, "notes.md", NOTES);
  const assumptions = ["The version is a minor one: nothing that was there before went away."];
  const tested = await report(
    told,
    { details: "Two changes that a user would notice.", assumptions },
    { version: "1.4.0" },
  );
  write(project, "money.js", REPAIRED);
  const repaired = await report(tested, {
    details: "cents() cut half cents off; it rounds them up now, as the invoices do.",
  });
  return repaired.data.instance_id;
}

function write(project: string, name: string, text: string): void {
  const path = join(project, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
