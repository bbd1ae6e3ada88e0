/** The page in a real browser: whatever agents and authors wrote is text there. A window in which it is more fails any test. */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { visible } from "../src/words.ts";
import { auditWorkflows, report } from "./support/branches.ts";
import { startRun } from "./support/calls.ts";
import { lookOn } from "./support/looking.ts";
import { openAll } from "./support/windows.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const MARKUP = `</bdi></pre></script><script>alert(1)</script><img src="x" onerror='alert(2)'><svg onload=alert(3)>`;
/** Turns the direction of writing, hides, colours a terminal, rings. */
const MARKS = "\u202egnp.exe\u2066 \u200bhidden \u001b[31mred\u0007";
const NASTY = `${MARKUP} ${MARKS}`;
const TAG = "<img src=x onerror=alert(4)>";
const STEP = `Deploy ${TAG}`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is sought
const STEERING = /[\u0000-\u0008\u001b\u200b\u202a-\u202e\u2066-\u2069]/;

/** Each of the texts can be read as it was written, and has become nothing else. */
async function holdsAsText(page: Page, texts: string[]): Promise<void> {
  for (const text of texts) await page.getByText(text).first().waitFor({ state: "attached" });
  const made = page
    .locator("main")
    .locator("script, img, iframe, [onerror], [onload], svg:not(.shape, .graph, .graph *)");
  expect(await made.count()).toBe(0);
  // What the reader typed into a filter stays as they typed it.
  const written = await page.content();
  expect(written.replace(/<input[^>]*>/g, "")).not.toMatch(STEERING);
  expect(await page.title()).not.toMatch(STEERING);
}

test("a question, a step's name, context, files, a report and branches full of markup and marks show as text", async () => {
  const project = scratchDir();
  writeFiles(project, { "notes.md": `${NASTY}\n` });
  const workflows = auditWorkflows();
  const asks = ["approval:", '  ask: "Deploy {{ context.version }}?"', "  show: [context.version, notes.md]"];
  writeFiles(
    workflows,
    workflowFiles("RELEASE", { [`Deploy \`${TAG}\``]: { extras: asks }, Report: {} }, `Know ${MARKUP}`),
  );
  const { agent, page, go } = await lookOn({ workflows, project });
  const asking = await agent.call("start_workflow", { workflow_name: "RELEASE", context: { version: NASTY } });
  const list = await startRun(agent, "AUDIT", { context: { [`<i>${MARKUP}</i>`]: NASTY } });
  const branch = await report(agent, list.told, { details: NASTY, updates: { modules: [NASTY, "web"] } });
  await report(agent, branch, { status: "failure", details: "no", error: NASTY, assumptions: [NASTY] });
  const shown = visible(MARKS);
  await go("/");
  await holdsAsText(page, [STEP, MARKUP, shown]);
  await go(`/runs/${asking.data.instance_id}/decide`);
  await holdsAsText(page, [STEP, MARKUP, shown]);
  await go(`/runs/${list.id}`);
  await openAll(page);
  await holdsAsText(page, [MARKUP, shown]);
  await go(`/runs/${branch.data.instance_id}`);
  await openAll(page);
  await holdsAsText(page, [MARKUP, shown]);
  await go("/workflows/RELEASE");
  await holdsAsText(page, [STEP]);
  await go(`/?text=${encodeURIComponent(NASTY)}`);
  await holdsAsText(page, []);
});
