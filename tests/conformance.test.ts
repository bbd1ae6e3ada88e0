/** MCP's own conformance suites against the executable over HTTP: the scenarios that apply to a product, and why others do not. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serveHttp } from "./support/http.ts";
import { scratchDir } from "./support/workspace.ts";

const MODULES = join(import.meta.dir, "../node_modules");
const RELEASED = join(MODULES, "@modelcontextprotocol/conformance/dist/index.js");
/** Before its release; the only one that knows the revision without sessions. */
const NEXT = join(MODULES, "conformance-next/dist/index.js");

const TEST_TOOL = "calls a tool made for the test, such as test_simple_text";
const TEST_RESOURCE = "reads a resource made for the test, such as test://static-text";
const TEST_PROMPT = "gets a prompt made for the test, such as test_simple_prompt";
const NO_INPUT = "needs a tool or prompt that asks the client for input; nothing here does yet";
const NO_HEADERS = "is about tools whose arguments are also sent as headers; none here asks for that";

const CALLS = {
  "tools-call-simple-text": TEST_TOOL,
  "tools-call-image": TEST_TOOL,
  "tools-call-audio": TEST_TOOL,
  "tools-call-embedded-resource": TEST_TOOL,
  "tools-call-mixed-content": TEST_TOOL,
  "tools-call-error": TEST_TOOL,
  "tools-call-with-progress": TEST_TOOL,
  "json-schema-2020-12": TEST_TOOL,
  "resources-read-text": TEST_RESOURCE,
  "resources-read-binary": TEST_RESOURCE,
  "resources-templates-read": TEST_RESOURCE,
  "prompts-get-simple": TEST_PROMPT,
  "prompts-get-with-args": TEST_PROMPT,
  "prompts-get-embedded-resource": TEST_PROMPT,
  "prompts-get-with-image": TEST_PROMPT,
};

const OF_SESSIONS = {
  "tools-call-with-logging": TEST_TOOL,
  "tools-call-sampling": TEST_TOOL,
  "tools-call-elicitation": TEST_TOOL,
  "elicitation-sep1034-defaults": TEST_TOOL,
  "elicitation-sep1330-enums": TEST_TOOL,
  "resources-subscribe": TEST_RESOURCE,
  "resources-unsubscribe": TEST_RESOURCE,
};

const RUN_WITH_SESSIONS = [
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

interface Suite {
  program: string;
  /** Which revision, for a suite that knows several. */
  revision: string[];
  run: string[];
  notRun: Record<string, string>;
}

const SUITES: Record<string, Suite> = {
  released: {
    program: RELEASED,
    revision: [],
    run: RUN_WITH_SESSIONS,
    notRun: { ...CALLS, ...OF_SESSIONS, "completion-complete": TEST_PROMPT },
  },
  "next, with sessions": {
    program: NEXT,
    revision: ["--spec-version", "2025-11-25"],
    run: [...RUN_WITH_SESSIONS, "server-session-lifecycle", "completion-complete"],
    notRun: { ...CALLS, ...OF_SESSIONS },
  },
  "next, without sessions": {
    program: NEXT,
    revision: ["--spec-version", "2026-07-28"],
    run: [
      "server-stateless",
      "caching",
      "http-header-validation",
      "sep-2164-resource-not-found",
      "tools-list",
      "resources-list",
      "prompts-list",
      "completion-complete",
      "server-sse-multiple-streams",
      "dns-rebinding-protection",
    ],
    notRun: {
      ...CALLS,
      "http-custom-header-server-validation": NO_HEADERS,
      "input-required-result-basic-elicitation": NO_INPUT,
      "input-required-result-basic-sampling": NO_INPUT,
      "input-required-result-basic-list-roots": NO_INPUT,
      "input-required-result-request-state": NO_INPUT,
      "input-required-result-multiple-input-requests": NO_INPUT,
      "input-required-result-multi-round": NO_INPUT,
      "input-required-result-missing-input-response": NO_INPUT,
      "input-required-result-non-tool-request": NO_INPUT,
      "input-required-result-result-type": NO_INPUT,
      "input-required-result-unsupported-methods": NO_INPUT,
      "input-required-result-tampered-state": NO_INPUT,
      "input-required-result-capability-check": NO_INPUT,
      "input-required-result-ignore-extra-params": NO_INPUT,
      "input-required-result-validate-input": NO_INPUT,
    },
  },
};

/** Checks within a scenario that only a tool made for the test could pass. */
const NEEDS_TEST_TOOL: Record<string, string[]> = {
  "server-stateless": [
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
  ],
};

interface Outcome {
  /** The checks that failed. */
  failures: string[];
  /** The suite's own count of them, from its closing lines. */
  failed: number;
}

describe.each(Object.entries(SUITES))("conformance, suite %s", (_name, { program, revision, run, notRun }) => {
  let outcomes: Map<string, Outcome>;
  beforeAll(async () => {
    outcomes = await runWhole(program, revision);
  }, 60_000);

  test("every scenario is either run or left out for a reason", () => {
    expect([...outcomes.keys()].toSorted()).toEqual([...run, ...Object.keys(notRun)].toSorted());
  });

  test.each(run)("%s", (scenario) => {
    const failures = (NEEDS_TEST_TOOL[scenario] ?? []).toSorted();
    expect(outcomes.get(scenario)).toEqual({ failures, failed: failures.length });
  });
});

/**
 * Runs all of a suite in one process, against one server; what is left out runs along and is not looked at. Under Bun, because
 * it asks for a newer Node than the gate does.
 */
async function runWhole(program: string, revision: string[]): Promise<Map<string, Outcome>> {
  const { url, end } = await serveHttp();
  const results = scratchDir();
  const words = ["server", "--url", url, "--suite", "all", ...revision, "--output-dir", results];
  const child = Bun.spawn([process.execPath, program, ...words], { stdout: "pipe", stderr: "ignore" });
  const output = Bun.stripANSI(await child.stdout.text());
  await end("SIGKILL");
  const counts = output.matchAll(/^[✓✗] (\S+): \d+ passed, (\d+) failed$/gm);
  return new Map(
    [...counts].map(([, scenario = "", failed]) => [
      scenario,
      { failures: failuresOf(results, scenario), failed: Number(failed) },
    ]),
  );
}

/** From the directory of the scenario, whose name ends with the time. */
function failuresOf(results: string, scenario: string): string[] {
  const [file, ...more] = new Bun.Glob(`server-${scenario}-20*/checks.json`).scanSync(results);
  if (!file || more.length > 0) throw new Error(`There is not one result of ${scenario}`);
  const checks: { id: string; status: string }[] = JSON.parse(readFileSync(join(results, file), "utf8"));
  return checks
    .filter(({ status }) => status === "FAILURE")
    .map(({ id }) => id)
    .toSorted();
}
