/** Clients that show the server's dialogs, as a person at them or a fault of theirs answers. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { ClientCapabilities } from "@modelcontextprotocol/sdk/types.js";
import type {
  JsonSchemaType,
  JsonSchemaValidator,
  jsonSchemaValidator as Provider,
} from "@modelcontextprotocol/sdk/validation";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./workspace.ts";

/** Params of `elicitation/create`. */
export interface Asked {
  message: string;
  requestedSchema: { properties: Record<string, object>; required: string[] };
}

export interface Dialogs {
  /** Else both modes are declared. */
  elicitation?: ClientCapabilities["elicitation"];
  /** The result, whatever it is; an error that it throws is the answer. */
  answer(asked: Asked, signal: AbortSignal): unknown;
}

/** Shared by all clients of a test file: compiling the schemas of the tools is half of what a client costs. */
const jsonSchemaValidator = compiledOnce(new AjvJsonSchemaValidator());

function compiledOnce(ajv: AjvJsonSchemaValidator): Provider {
  const compiled = new Map<string, JsonSchemaValidator<unknown>>();
  return {
    getValidator<T>(schema: JsonSchemaType) {
      const key = JSON.stringify(schema);
      const validator = compiled.get(key) ?? ajv.getValidator(schema);
      compiled.set(key, validator);
      return validator as JsonSchemaValidator<T>; // T is what the caller says that the schema describes
    },
  };
}

/** A client of the SDK; with dialogs it declares them, and sends what they answer unread. */
export function newClient(dialogs?: Dialogs): Client {
  const { elicitation = { form: {}, url: {} }, answer } = dialogs ?? {};
  const capabilities = dialogs ? { capabilities: { elicitation } } : {};
  const client = new Client({ name: "test-client", version: "1.0" }, { ...capabilities, jsonSchemaValidator });
  // Not by `setRequestHandler`, which lets no wrong result pass.
  if (answer)
    client.fallbackRequestHandler = async ({ params }, { signal }) =>
      (await answer(params as unknown as Asked, signal)) as object; // what the server sent, and what a test wants sent
  return client;
}

/** Longer than a client takes that answers by itself. */
export const READING_MS = 1_050;

/** What a person chose after they read. */
export async function chosen(decision: string, more: object = {}): Promise<object> {
  await Bun.sleep(READING_MS);
  return { action: "accept", content: { decision, ...more } };
}

export const SECRET = "Run the secret script.";
export const ASKS = [
  "approval:",
  '  ask: "Deploy {{ context.version }}?"',
  "  show: [context.version, notes.md]",
  "  denied: Rework",
];

/** RELEASE, whose first step asks; after a no it goes to Rework, and from there to it again. */
export function releaseFiles(extras = ASKS): string {
  const workflows = scratchDir();
  const steps: Record<string, StepText> = {
    Deploy: { extras, instructions: SECRET, routes: ["otherwise → Report"] },
    Rework: { extras: ["next: [Deploy]"] },
    Report: { routes: ["otherwise → FINISH"] },
  };
  writeFiles(workflows, workflowFiles("RELEASE", steps));
  return workflows;
}

/** A project with what is shown. */
export function releaseProject(): string {
  const project = scratchDir();
  writeFiles(project, { "notes.md": "What is new.\n" });
  return project;
}
