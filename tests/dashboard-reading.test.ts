/** The page in a real browser, for whoever reads it: by a screen reader, in a dark room, on a small screen. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { auditWorkflows, report } from "./support/branches.ts";
import { startRun } from "./support/calls.ts";
import { lookOn } from "./support/looking.ts";
import { expectFault, openAll } from "./support/windows.ts";
import { workflowFiles, writeFiles } from "./support/workspace.ts";

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const NARROW = { width: 340, height: 700 };

/** What axe-core finds serious or critical, as `rule: where`; only by the rules that are named, if any are. */
async function seriousFaults(page: Page, rules: string[] = []): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (only) => {
    const options = only.length > 0 ? { runOnly: only } : {};
    // biome-ignore lint/suspicious/noExplicitAny: the library put itself into the page
    const { violations } = await (globalThis as any).axe.run({ ...options, resultTypes: ["violations"] });
    const isSerious = ({ impact }: { impact: string }) => ["serious", "critical"].includes(impact);
    return violations
      .filter(isSerious)
      .flatMap(({ id, nodes }: { id: string; nodes: { target: string[] }[] }) =>
        nodes.map(({ target }) => `${id}: ${target}`),
      );
  }, rules);
}

/** In both themes, and by how much a narrow window has to be scrolled sideways. */
async function faultsOf(page: Page): Promise<string[]> {
  const light = await seriousFaults(page);
  await page.emulateMedia({ colorScheme: "dark" });
  // Colours alone differ.
  const dark = await seriousFaults(page, ["color-contrast"]);
  await page.emulateMedia({ colorScheme: "light" });
  const wide = page.viewportSize();
  await page.setViewportSize(NARROW);
  const sideways = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
  if (wide) await page.setViewportSize(wide);
  return [...light, ...dark.map((each) => `dark: ${each}`), ...(sideways > 0 ? [`${sideways} px sideways`] : [])];
}

const LONG = "an_identifier_that_has_no_place_to_break_".repeat(8);

test("no page has a serious fault by axe-core in either theme, or scrolls sideways in a narrow window", async () => {
  const workflows = auditWorkflows();
  writeFiles(workflows, workflowFiles("BROKEN", { Only: { extras: ["next: Nowhere"] } }));
  writeFiles(workflows, workflowFiles("RELEASE", { Deploy: { extras: ["approval: true"] } }));
  const { agent, page, go } = await lookOn({ workflows });
  const found: Record<string, string[]> = {};
  const look = async (name: string, path?: string) => {
    if (path) await go(path);
    const faults = await faultsOf(page);
    if (faults.length > 0) found[name] = faults;
  };
  await look("empty");
  const list = await startRun(agent, "AUDIT", { context: { [LONG]: LONG } });
  const branch = await report(agent, list.told, { details: LONG, updates: { modules: ["core", "web"] } });
  await report(agent, branch, { status: "failure", error: "It does not build." });
  const asking = await agent.call("start_workflow", { workflow_name: "RELEASE" });
  await look("runs", "/");
  await look("decide", `/runs/${asking.data.instance_id}/decide`);
  await look("run", `/runs/${list.id}`);
  await openAll(page);
  await look("run, all opened");
  await page.getByRole("button", { name: "Cancel…" }).click();
  await look("dialog");
  await look("branch", `/runs/${branch.data.instance_id}`);
  await look("workflows", "/workflows");
  await look("workflow", "/workflows/AUDIT");
  expectFault(/status of 404/);
  await look("problem", "/runs/run_nowhere");
  expectFault(/status of 401/);
  await page.context().clearCookies();
  await look("door", "/");
  expect(found).toEqual({});
});
