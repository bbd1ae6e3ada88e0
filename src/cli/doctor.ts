/** `orchestrator doctor`: looks at settings, definitions, database and endpoint, and says what to do about each. */
import { type App, VERSION } from "../app.ts";
import { readConfig } from "../config.ts";
import type { Question } from "../decider.ts";
import { AppError } from "../errors.ts";
import type { Workflow } from "../workflow.ts";
import { CHECKS, type Command, DEFINITIONS, flagsOf, JSON_OUTPUT, STATE, type Words, withApp } from "./command.ts";
import { placesWords, whatHere, whatWords } from "./here.ts";

interface Finding {
  what: "settings" | "definitions" | "checks" | "database" | "person" | "model";
  ok: boolean;
  found: string;
  /** What to do; empty if there is nothing to do. */
  todo: string;
}

export const doctor: Command = {
  name: "doctor",
  summary: "Check settings, definitions, checks, database, PIN and model endpoint",
  arguments: "",
  options: { ...DEFINITIONS, ...STATE, ...CHECKS, ...JSON_OUTPUT },
  run: async (words, { print, stop }) => {
    const findings = await examine(words, stop);
    if (words.values["json"]) print(JSON.stringify(findings, null, 2));
    else for (const finding of findings) print(describe(finding));
    return findings.every(({ ok }) => ok) ? 0 : 1;
  },
};

async function examine(words: Words, stop: AbortSignal): Promise<Finding[]> {
  const settings = await finding("settings", async () => {
    const { project, dbPath, model } = readConfig(flagsOf(words));
    const asked = model
      ? `${shortUrl(model.endpoint)} ${model.model ?? "(its only model)"}`
      : "none, the agent decides";
    return `orchestrator ${VERSION}, project ${project}, database ${dbPath}, model ${asked}`;
  });
  if (!settings.ok) return [settings];
  return withApp(words, stop, async (app) => {
    const files = [
      await finding("definitions", () => definitions(app)),
      await finding("checks", () => checks(app)),
      await finding("database", () => database(app)),
    ];
    const readable = files.every(({ what, ok }) => ok || what !== "database");
    const decides = readable ? [await finding("person", () => person(app))] : []; // the PIN is kept there
    return [settings, ...files, ...decides, await finding("model", () => model(app))];
  });
}

/** The URL without what may be secret in it: credentials and query. */
function shortUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

async function definitions({ engine }: App): Promise<string> {
  const catalog = await engine.catalog();
  const { workflows, invalid } = catalog;
  const looked = placesWords(catalog);
  if (invalid.size === 0 && workflows.size > 0)
    return `${workflows.size} workflow${workflows.size === 1 ? "" : "s"} can be started; looked in ${looked}`;
  const names = [...invalid.keys()];
  throw new AppError(
    "DEFINITION_INVALID",
    `${names.length > 0 ? `${names.join(", ")} cannot be started` : "There are none"}; looked in ${looked}.`,
    {
      hint:
        names.length > 0
          ? `Run: orchestrator validate ${names.join(" ")}`
          : "Put a workflow there, or leave --workflows out.",
    },
  );
}

/** A line for each workflow that has any. */
async function checks(app: App): Promise<string> {
  const { workflows } = await app.engine.catalog();
  const lines = [...workflows.values()].map((loaded) => {
    const words = whatWords(whatHere(loaded, app));
    return words && `${loaded.workflow.name}: ${words}`;
  });
  return lines.filter(Boolean).join("\n  ") || "no workflow has any";
}

async function database({ engine, upkeep }: App): Promise<string> {
  const warnings = await upkeep.examine();
  if (warnings.length > 0) {
    throw new AppError("PERSISTENCE_ERROR", "opens, but may not be safe.", { hint: warnings.join("; ") });
  }
  const { instances, elsewhere } = await engine.list({ limit: 1 });
  return `opens; ${instances.length > 0 ? "this project has runs" : "no runs in this project"}, ${elsewhere} elsewhere`;
}

/** Whether what a person decides is asked of somebody who knows something. */
async function person({ pin }: App): Promise<string> {
  const { set, until } = await pin.state();
  const paused = until === null ? "" : `; after too many wrong ones none is taken before ${until}`;
  if (set) return `a PIN is set: who approves, denies or releases types it${paused}`;
  return "no PIN is set: an agent with a shell of the same user could approve in your place; `orchestrator pin set` sets one";
}

/** A real decision with one right answer. */
async function model({ model }: App): Promise<string> {
  if (!model) return "none is configured: the agent decides if routes do not";
  const verdict = await model.decide(sampleQuestion(), {});
  if (!("decision" in verdict)) {
    throw new AppError("AI_SERVICE_ERROR", verdict.passed.join("; "), {
      hint: "Check AI_SERVICE_ENDPOINT (the base URL, ending in /v1), AI_SERVICE_API_KEY and AI_MODEL.",
    });
  }
  const { next_step, model: use } = verdict.decision;
  const cost = `${use?.name} by ${use?.rung}, ${use?.milliseconds} ms, ${use?.input_tokens ?? "?"} + ${use?.output_tokens ?? "?"} tokens`;
  if (next_step === "Deploy") return `decides well (${cost})`;
  throw new AppError("AI_SERVICE_ERROR", `it chose "${next_step}", but only "Deploy" is right (${cost}).`, {
    hint: "Its decisions will be poor: set AI_MODEL to a stronger model.",
  });
}

function sampleQuestion(): Question {
  const step = (name: string, guidance: string) => ({
    name,
    slug: name.toLowerCase(),
    file: `${name}.md`,
    guidance,
    instructions: "Run the tests.",
    sections: [],
    routes: [],
  });
  const test = step("Test", "The tests passed: Deploy. They failed: Repair.");
  const workflow: Workflow = {
    name: "CHECK",
    goal: "Deploy what passes its tests.",
    steps: [test, step("Repair", "Then Test."), step("Deploy", "FINISH.")],
  };
  const now = new Date(0).toISOString();
  return {
    workflow,
    step: test,
    report: { step_id: "1-test", status: "success", details: "exit code 0, 12 of 12 tests passed" },
    context: {},
    choice: { candidates: ["Deploy", "Repair", "Test", "FINISH"], guided: ["Deploy", "Repair"] },
    recent: async () => [],
    instance: {
      instance_id: "run_doctor",
      version: 1,
      workflow_name: workflow.name,
      definition: "",
      trusted: false,
      project: "",
      branch: null,
      status: "RUNNING",
      turn: null,
      step_name: test.name,
      visit: 1,
      visit_started_at: now,
      visits: {},
      notes: 0,
      context: {},
      assumptions: [],
      unattended: false,
      pending: null,
      baseline: null,
      waived: [],
      head: null,
      last_seq: 0,
      last_report_at: null,
      created_at: now,
      updated_at: now,
      completed_at: null,
    },
  };
}

async function finding(what: Finding["what"], look: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, found: await look(), todo: "" };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { what, ok: false, found: error.message, todo: error.hint };
  }
}

function describe({ what, ok, found, todo }: Finding): string {
  return `${ok ? "✓" : "✗"} ${what}: ${found}${todo && `\n  → ${todo}`}`;
}
