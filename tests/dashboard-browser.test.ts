/** The page in a real browser: what agents do is seen there, and what a person does there reaches them. */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { median } from "../scripts/bench/statistics.ts";
import { auditWorkflows, doBranch, report } from "./support/branches.ts";
import { type Caller, historyOf, startRun } from "./support/calls.ts";
import type { Told } from "./support/client.ts";
import { releaseFiles, releaseProject, SECRET } from "./support/dialogs.ts";
import { lookFromBeside, lookOn } from "./support/looking.ts";
import { person } from "./support/person.ts";
import { expectFault } from "./support/windows.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const LOOP = { routes: ["`report.status == 'failure'` → FINISH", "otherwise → Test"] };
writeFiles(workflows, workflowFiles("ROUND", { Build: LOOP, Test: { routes: ["otherwise → Build"] } }));
const release = releaseFiles();

const SEEN_WITHIN_MS = 1_000;
const PIN = "493817";

/** Where a run stands, on its page. */
const standsAt = (page: Page, step: string) => page.getByRole("heading", { name: `Now: ${step}` }).waitFor();
const entry = (page: Page, seq: number) => page.locator(`#entry-${seq}`);
const dialog = (page: Page) => page.getByRole("dialog");
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** Opens a dialog, fills it in and sends it. */
async function act(page: Page, opener: string, send: string, fields: Record<string, string> = {}): Promise<void> {
  await press(page, opener);
  for (const [label, text] of Object.entries(fields)) await dialog(page).getByLabel(label).fill(text);
  await dialog(page).getByRole("button", { name: send, exact: true }).click();
}

/** A run that waits for a yes, in a project of its own. */
async function askedFor(version = "1.2.0") {
  const project = releaseProject();
  const looking = await lookOn({ workflows: release, project });
  const told = await looking.agent.call("start_workflow", { workflow_name: "RELEASE", context: { version } });
  const id: string = told.data.instance_id;
  return { ...looking, project, id, decide: `/runs/${id}/decide` };
}

/** Milliseconds from the answer to each of five reports until a window shows it. */
async function delays(agent: Caller, first: Told, page: Page): Promise<number[]> {
  const found: number[] = [];
  let told = first;
  for (let visit = 1; visit <= 5; visit++) {
    told = await report(agent, told, { details: `report ${visit}.` });
    const answered = performance.now();
    await page.getByText(`report ${visit}.`).waitFor();
    await standsAt(page, told.data.next_step.step_name);
    found.push(performance.now() - answered);
  }
  return found;
}

test("the list shows a run as it begins, and the run's page each report within a second", async () => {
  const { agent, page, beside } = await lookOn({ workflows });
  await page.getByRole("heading", { name: "No run yet" }).waitFor();
  const { id, told } = await startRun(agent, "ROUND");
  await page.getByRole("link", { name: "ROUND" }).waitFor();
  const run = await beside(`/runs/${id}`);
  expect(median(await delays(agent, told, run))).toBeLessThan(SEEN_WITHIN_MS);
  await page.getByRole("list", { name: "Runs" }).getByText("visit 6").waitFor();
});

test("orchestrator dashboard shows within a second what another process writes, and steers it", async () => {
  const { agent, page, go } = await lookFromBeside({ workflows });
  const { id, told } = await startRun(agent, "ROUND");
  await page.getByRole("link", { name: "ROUND" }).waitFor();
  await go(`/runs/${id}`);
  expect(median(await delays(agent, told, page))).toBeLessThan(SEEN_WITHIN_MS);
  await act(page, "Cancel…", "Cancel the run", { Reason: "not now" });
  await page.getByText("cancelled", { exact: true }).waitFor();
  expect((await agent.call("resume_workflow", { instance_id: id })).text).toContain("not now");
});

test("a yes on the page lets the agent go on", async () => {
  const { agent, page, id } = await askedFor();
  await page.getByRole("link", { name: "Decide on Deploy" }).click();
  for (const bound of ["Deploy 1.2.0?", "What is new."]) await page.getByText(bound).first().waitFor();
  expect(await page.content()).not.toContain(SECRET);
  await act(page, "Approve…", "Approve");
  await page.waitForURL(`**/runs/${id}`);
  const told = await agent.call("resume_workflow", { instance_id: id });
  expect(told.data.next_step.instructions).toContain(SECRET);
  const said = (await historyOf(agent, id)).at(-2);
  expect(said).toMatchObject({ actor: "page", ruling: { kind: "approved" } });
});

test("a no with its comment leads the agent elsewhere", async () => {
  const { agent, page, id, go, decide } = await askedFor();
  await go(decide);
  await act(page, "Deny…", "Deny", { Comment: "Not on a Friday." });
  await page.waitForURL(`**/runs/${id}`);
  await standsAt(page, "Rework");
  await page.getByText("Not on a Friday.", { exact: true }).waitFor();
  const told = await agent.call("resume_workflow", { instance_id: id });
  expect(told.data).toMatchObject({ denied: { comment: "Not on a Friday." }, next_step: { step_name: "Rework" } });
});

test("a yes to what has changed since does not count, and nothing is changed under the eyes of who decides", async () => {
  const { agent, page, id, go, decide, project } = await askedFor();
  await go(decide);
  await press(page, "Approve…");
  writeFiles(project, { "notes.md": "Something else.\n" });
  expectFault(/status of 409/);
  await dialog(page).getByRole("button", { name: "Approve" }).click();
  await dialog(page).getByRole("alert").getByText("notes.md changed").waitFor();
  expect((await agent.call("resume_workflow", { instance_id: id })).data.status).toBe("SUSPENDED");
  await press(page, "Back");
  await page.getByRole("button", { name: "Show it" }).waitFor();
  expect(await page.getByText("Something else.").count()).toBe(0);
  await press(page, "Show it");
  await page.getByText("Something else.").waitFor();
  await act(page, "Approve…", "Approve");
  await page.waitForURL(`**/runs/${id}`);
});

test("a PIN is asked for, a wrong one says how many guesses are left", async () => {
  const { server, page, id, go, decide, project } = await askedFor();
  await person({ db: server.db, project }).pin.change(null, PIN);
  await go(decide);
  expectFault(/status of 403/);
  await act(page, "Approve…", "Approve", { PIN: "000000" });
  await dialog(page).getByRole("alert").getByText("4").waitFor();
  await dialog(page).getByLabel("PIN").fill(PIN);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/runs/${id}`);
});

test("rewind and fork from an entry of the timeline are in the history as the page's", async () => {
  const { agent, page, go } = await lookOn({ workflows });
  const run = await startRun(agent, "ROUND");
  let told = run.told;
  for (let visit = 1; visit <= 3; visit++) told = await report(agent, told, { updates: { at: visit } });
  await go(`/runs/${run.id}`);
  await entry(page, 1).getByText("Details").click();
  await act(page, "Rewind to this visit", "Rewind", { Reason: "once more" });
  await standsAt(page, "Build");
  expect((await historyOf(agent, run.id)).at(-1)).toMatchObject({ kind: "rewind", actor: "page" });
  expect((await report(agent, told)).text).toContain("Now at: Build, step_id 5-build.");
  await act(page, "Fork at this visit", "Fork");
  await page.waitForURL((url) => url.pathname.startsWith("/runs/") && !url.pathname.endsWith(run.id));
  await page.getByRole("link", { name: run.id }).click();
  await page.waitForURL(`**/runs/${run.id}`);
});

test("of two windows the second one is told that there is nothing to decide any more", async () => {
  const { page, beside, go, id, decide } = await askedFor();
  await go(decide);
  const [late, third] = [await beside(decide), await beside(decide)];
  await press(late, "Approve…");
  await act(page, "Deny…", "Deny");
  await page.waitForURL(`**/runs/${id}`);
  await third.getByRole("heading", { name: "Nothing is asked of you here" }).waitFor();
  expectFault(/status of 400/);
  await dialog(late).getByRole("button", { name: "Approve" }).click();
  await dialog(late).getByRole("alert").getByText(/\w+/).waitFor();
});

test("branches stand below their run, and their ends are seen as they come", async () => {
  const { agent, page, go } = await lookOn({ workflows: auditWorkflows() });
  const list = await startRun(agent, "AUDIT");
  const first = await report(agent, list.told, { updates: { modules: ["core", "web"] } });
  await go(`/runs/${list.id}`);
  const row = page.locator(`#branch-${first.data.instance_id}`);
  await row.getByText("Read Module").waitFor();
  await doBranch(agent, first);
  await row.getByText("completed").waitFor();
  await row.getByRole("link", { name: "core" }).click();
  await page.getByRole("link", { name: list.id }).waitFor();
  await go("/");
  await page.getByText("2 branches, 1 ended").click();
  await page.getByRole("list", { name: "Branches" }).getByText("web").waitFor();
});
