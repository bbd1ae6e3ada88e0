/** MCP's own conformance suite against the executable over HTTP: the scenarios that apply to a product, and why others do not. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { serveHttp } from "./support/http.ts";

const SUITE = join(import.meta.dir, "../node_modules/@modelcontextprotocol/conformance/dist/index.js");

const RUN = [
  "server-initialize",
  "ping",
  "logging-set-level",
  "tools-list",
  "resources-list",
  "prompts-list",
  "server-sse-multiple-streams",
  "server-sse-polling", // answers are not replayed from streams: every call may simply be sent again
  "dns-rebinding-protection",
];

const TEST_TOOL = "calls a tool made for the test, such as test_simple_text";
const TEST_RESOURCE = "reads a resource made for the test, such as test://static-text";
const TEST_PROMPT = "gets a prompt made for the test, such as test_simple_prompt";

const NOT_RUN: Record<string, string> = {
  "completion-complete": TEST_PROMPT,
  "tools-call-simple-text": TEST_TOOL,
  "tools-call-image": TEST_TOOL,
  "tools-call-audio": TEST_TOOL,
  "tools-call-embedded-resource": TEST_TOOL,
  "tools-call-mixed-content": TEST_TOOL,
  "tools-call-with-logging": TEST_TOOL,
  "tools-call-error": TEST_TOOL,
  "tools-call-with-progress": TEST_TOOL,
  "tools-call-sampling": TEST_TOOL,
  "tools-call-elicitation": TEST_TOOL,
  "json-schema-2020-12": TEST_TOOL,
  "elicitation-sep1034-defaults": TEST_TOOL,
  "elicitation-sep1330-enums": TEST_TOOL,
  "resources-read-text": TEST_RESOURCE,
  "resources-read-binary": TEST_RESOURCE,
  "resources-templates-read": TEST_RESOURCE,
  "resources-subscribe": TEST_RESOURCE,
  "resources-unsubscribe": TEST_RESOURCE,
  "prompts-get-simple": TEST_PROMPT,
  "prompts-get-with-args": TEST_PROMPT,
  "prompts-get-embedded-resource": TEST_PROMPT,
  "prompts-get-with-image": TEST_PROMPT,
};

test("every scenario of the suite is either run or left out for a reason", async () => {
  const { output } = await suite("list", "--server");
  const scenarios = [...output.matchAll(/^ +- (\S+)/gm)].map((found) => found[1] ?? "");
  expect(scenarios.toSorted()).toEqual([...RUN, ...Object.keys(NOT_RUN)].toSorted());
});

test.each(RUN)("conformance: %s", async (scenario) => {
  const { url } = await serveHttp();
  const { code, output } = await suite("server", "--url", url, "--scenario", scenario);
  expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed/);
  expect(code).toBe(0);
});

/** Runs the suite's command line; under Bun, because it asks for a newer Node than the gate does. */
async function suite(...args: string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([process.execPath, SUITE, ...args], { stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, output: output + errors };
}
