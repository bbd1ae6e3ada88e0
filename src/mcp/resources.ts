/** Resources: workflows to read, runs to look at; listed, templated, completed. SDK-free. */
import type { Engine } from "../engine/engine.ts";
import { findLoaded } from "../engine/start.ts";
import { AppError } from "../errors.ts";
import { jsonText } from "../json.ts";
import { waitsWords } from "../turn.ts";
import { cutToBytes, oneLine } from "../words.ts";
import type { Workflow } from "../workflow.ts";
import { fillsStatus, statusAnswer } from "./status-answer.ts";

export interface Resource {
  uri: string;
  name: string;
  title: string;
  description: string;
  mimeType: string;
}

const MARKDOWN = "text/markdown";
const JSON_TYPE = "application/json";
const MAX_TEXT_BYTES = 50_000;
const HISTORY_LIMIT = 100;
/** Runs that a list shows, and values that a completion offers; the protocol's limit. */
const MOST = 100;

export const TEMPLATES = [
  {
    uriTemplate: "workflow://{name}",
    name: "workflow",
    title: "A workflow",
    description: "Its goal, steps, guidance and routes",
    mimeType: MARKDOWN,
  },
  {
    uriTemplate: "instance://{id}",
    name: "instance",
    title: "A run",
    description: "Its status, context and history",
    mimeType: JSON_TYPE,
  },
];

/** A page: workflows on the first, then this project's runs, newest first. */
export async function listResources(engine: Engine, cursor: string | undefined) {
  const page = await engine.list({ limit: MOST, cursor });
  const runs = page.instances.map(({ instance_id, workflow_name, status, step_name, waiting_for }) => ({
    uri: `instance://${instance_id}`,
    name: instance_id,
    title: `${workflow_name} ${instance_id}`,
    description: `${status}${waiting_for ? ` (${waitsWords(waiting_for)})` : ""}, at ${step_name}`,
    mimeType: JSON_TYPE,
  }));
  const workflows = cursor === undefined ? await workflowResources(engine) : [];
  return { resources: [...workflows, ...runs], nextCursor: page.next_cursor };
}

async function workflowResources(engine: Engine): Promise<Resource[]> {
  const { workflows } = await engine.catalog();
  return [...workflows.values()].map(({ workflow: { name, goal } }) => ({
    uri: `workflow://${encodeURIComponent(name)}`,
    name,
    title: name,
    description: oneLine(goal, 200),
    mimeType: MARKDOWN,
  }));
}

/** The text behind a URI. Throws an AppError for one that leads nowhere. */
export async function readResource(engine: Engine, uri: string): Promise<{ mimeType: string; text: string }> {
  const { kind, id } = parseUri(uri);
  if (kind === "workflow") {
    const text = workflowText(findLoaded(await engine.catalog(), id).workflow);
    return { mimeType: MARKDOWN, text: cutToBytes(text, MAX_TEXT_BYTES, () => "the workflow's own files") };
  }
  const asked = { history_limit: HISTORY_LIMIT, branches: "near", enough: fillsStatus("full") } as const;
  const snapshot = await engine.status({ instance_id: id, ...asked });
  return { mimeType: JSON_TYPE, text: jsonText(statusAnswer(snapshot, { form: "full" }).structured, 2) };
}

/** The id in an `instance://` URI; null for any other. */
export function instanceIdIn(uri: string): string | null {
  const parsed = parseUri(uri);
  return parsed.kind === "instance" ? parsed.id : null;
}

/** Names or ids that begin with what was typed. */
export async function completeTemplate(engine: Engine, template: string, typed: string) {
  const all = template === "workflow://{name}" ? await workflowNames(engine) : await instanceIds(engine, template);
  const fitting = all.filter((each) => each.toLowerCase().startsWith(typed.toLowerCase()));
  return { values: fitting.slice(0, MOST), total: fitting.length, hasMore: fitting.length > MOST };
}

async function workflowNames(engine: Engine): Promise<string[]> {
  return [...(await engine.catalog()).workflows.keys()];
}

async function instanceIds(engine: Engine, template: string): Promise<string[]> {
  if (template !== "instance://{id}") return [];
  return (await engine.list({ limit: MOST })).instances.map((each) => each.instance_id);
}

function parseUri(uri: string): { kind: "workflow" | "instance"; id: string } {
  const [, scheme, rest] = /^(workflow|instance):\/\/([^/?#]+)$/.exec(uri) ?? [];
  const id = rest === undefined ? null : decode(rest);
  if (id && (scheme === "workflow" || scheme === "instance")) return { kind: scheme, id };
  throw new AppError("INVALID_INPUT", `There is no resource "${oneLine(uri, 200)}".`, {
    hint: "Resources are workflow://NAME and instance://ID.",
  });
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Nobody gets the instructions of such a step before a person said yes. */
export const WITHHELD = "(handed out once a person has approved)";

export function workflowText({ name, goal, steps }: Workflow): string {
  const parts = steps.map((step, index) => {
    const routes = step.routes.map(({ when, to }) => `- ${when === null ? "otherwise" : `\`${when}\``} → ${to}`);
    const sections = [
      `## ${index + 1}. ${step.name}`,
      `### Guidance\n\n${step.guidance}`,
      `### Instructions\n\n${step.approval ? WITHHELD : step.instructions}`,
      routes.length > 0 && `### Routes\n\n${routes.join("\n")}`,
    ];
    return sections.filter(Boolean).join("\n\n");
  });
  return [`# ${name}`, goal, ...parts].filter(Boolean).join("\n\n");
}
