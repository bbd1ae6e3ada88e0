/** A workflow as the rest of the program knows it: parsed, validated, its includes expanded. No files, no Markdown syntax. */
import { z } from "zod";
import { Check } from "./check.ts";
import { command } from "./check-kinds/command.ts";
import { run } from "./check-kinds/run.ts";
import { JsonObject } from "./json.ts";

/** The name that completes an instance; no step may bear it. */
export const FINISH = "FINISH";
/** The name that ends an instance as failed; it may follow only where `next` or a route names it, and no step may bear it. */
export const FAIL = "FAIL";
/** What may be named beside steps in `next`, in routes and in `then`. */
export const ENDS: readonly string[] = [FINISH, FAIL];

/** Most bytes of a definition with its includes expanded. */
export const MAX_DEFINITION_BYTES = 1024 * 1024;

/** Most bytes of a workflow with all that it uses, as JSON: what a run is pinned to. */
export const MAX_TREE_BYTES = 4 * MAX_DEFINITION_BYTES;

/** Most branches that stand one below the other: how far a chain of workflows that use one another may go. */
export const MAX_BRANCH_DEPTH = 5;
/** Most items of a branch step, and most of its branches that are open at once. */
export const MAX_ITEMS = 1_000;
export const MAX_PARALLEL = 20;

/** Most bytes of a step's Client Instructions: what an answer can hand out whole. */
export const MAX_INSTRUCTIONS = 24 * 1024;
/** Most bytes of the same as JSON, in which line breaks and quotes take two: an answer holds the instructions twice. */
export const MAX_INSTRUCTIONS_SENT = 26_500;

/** One line of a `# Routes` section. */
export const Route = z.object({
  /** A CEL expression; null is `otherwise`. */
  when: z.string().nullable(),
  to: z.string(),
  /** The expression names what a person decided: a person's no goes along such routes alone. */
  about: z.literal("approval").optional(),
});
export type Route = z.infer<typeof Route>;

/** A level-1 section of a step file that is kept for the decider (`# Goal`, `# Context Expectations`, any other). */
export const Section = z.object({ title: z.string(), text: z.string() });
export type Section = z.infer<typeof Section>;

/** A program that the server runs in place of the agent: `run` or `command`, as checks have them. */
export const Program = z.discriminatedUnion("kind", [run.schema, command.schema]);
export type Program = z.infer<typeof Program>;

/** What the result of a server step holds, for `sets`. */
export const ResultField = z.enum(["exit_code", "milliseconds", "output_file", "output_end"]);
export type ResultField = z.infer<typeof ResultField>;

/** The program is run again and again, until it passes. Times in seconds. */
export const UntilPasses = z.object({
  every: z.int().min(1),
  /** A look at or after this time since the step was entered is the last. */
  at_most: z.int().min(1),
  /** The exit codes after which it is run again, others end it at once; absent: any but 0. */
  while_exit: z.array(z.int().min(0).max(255)).min(1).optional(),
});
export type UntilPasses = z.infer<typeof UntilPasses>;

/** How long the agent has from the hand-out, in seconds. */
export const Deadline = z.object({
  after: z.int().min(1),
  /** Where the run goes when the time is over; without it, it waits for a person. */
  then: z.string().optional(),
});
export type Deadline = z.infer<typeof Deadline>;

/** One thing that a person is shown before they decide, and that their yes is bound to. */
export const Shown = z.discriminatedUnion("kind", [
  /** A value of the context, by its keys from the top. */
  z.object({ kind: z.literal("context"), path: z.array(z.string()).min(1) }),
  /** A file, by its path in the project. */
  z.object({ kind: z.literal("file"), path: z.string() }),
  /** The work tree against what the run found. */
  z.object({ kind: z.literal("changes") }),
]);
export type Shown = z.infer<typeof Shown>;

/** A person must say yes before the step is handed out. */
export const Approval = z.object({
  /** What they are asked, template values not yet filled in; absent: whether the step may be done. */
  ask: z.string().optional(),
  show: z.array(Shown).min(1).optional(),
  /** In seconds; what was asked is then over, and asked anew by the next look. */
  expires: z.int().min(1).optional(),
  /** Where a no leads; without it and without a route for it the run waits. */
  denied: z.string().optional(),
});
export type Approval = z.infer<typeof Approval>;

/**
 * Where a CEL expression stands: in a route, in one of a branch step, or in a branch step's front matter. It says what the
 * expression may name, and what it must give.
 */
export type ExpressionPlace = "route" | "joined" | "each" | "with" | "max_parallel";

/** A step is done by other runs, its branches. */
export const Branching = z.object({
  /**
   * The workflows that the branches run, by name; `PARENT/dir` is a private one. Several, or one without `each`: a branch
   * for each, whose item is the name.
   */
  uses: z.array(z.string()).min(1),
  /** CEL over the parent's context that gives the items, or the items; a branch for each. Only with a single name. */
  each: z.union([z.string(), z.array(z.unknown()).min(1).max(MAX_ITEMS)]).optional(),
  /** The key of a branch's context that holds its item; absent: none does. */
  as: z.string().optional(),
  /** By key of a branch's context: CEL that gives what it begins with, over the parent's context and `item`. */
  with: z.record(z.string(), z.string()).optional(),
  /** How many branches are open at once, or CEL over the parent's context that gives it; absent: one. */
  max_parallel: z.union([z.int().min(1).max(MAX_PARALLEL), z.string()]).optional(),
  /** The first failure cancels the others. */
  fail_fast: z.literal(true).optional(),
  /** The context key that gets the results. */
  into: z.string().optional(),
});
export type Branching = z.infer<typeof Branching>;

export const Step = z.object({
  /** Canonical name: the text of the link in index.md. */
  name: z.string(),
  /** Last part of a visit's `step_id`. */
  slug: z.string(),
  /** Path of the step's file, relative to the definitions directory. */
  file: z.string(),
  /** For whoever decides what follows. */
  guidance: z.string(),
  /** For the agent, template values not yet filled in. Of a branch step: its Join Instructions, empty if it has none. */
  instructions: z.string(),
  sections: z.array(Section),
  routes: z.array(Route),
  /** The only names that may follow, whoever decides; FINISH and FAIL may be among them. */
  next: z.array(z.string()).min(1).optional(),
  /** JSON Schema by key: what the `context_updates` of the report that ends the step must set. */
  produces: z.record(z.string(), JsonObject).optional(),
  checks: z.array(Check).min(1).optional(),
  /** Entering the step more often suspends the instance. */
  max_visits: z.int().min(1).optional(),
  /** The language that the instructions are a template in; without it only `{{ context.key }}` is filled in. */
  template: z.literal("liquid").optional(),
  /** The server does the step by this program; the agent does it, by the instructions, where that may not run. */
  run: Program.optional(),
  /** By context key: what of the program's result is set there. Entering the step removes these keys. */
  sets: z.record(z.string(), ResultField).optional(),
  until_passes: UntilPasses.optional(),
  /** The step is handed out this many seconds after it was entered. */
  wait: z.int().min(1).optional(),
  deadline: Deadline.optional(),
  approval: Approval.optional(),
  branches: Branching.optional(),
});
export type Step = z.infer<typeof Step>;

/** What an instance is pinned to; stored by the hash of its content. */
export const Workflow = z.object({
  name: z.string(),
  goal: z.string(),
  /** One line for lists. */
  description: z.string().optional(),
  /** JSON Schema of the context that an instance starts with. */
  inputs: JsonObject.optional(),
  /** JSON Schema by key: what the context must hold at FINISH; what a parent gets of a branch. */
  outputs: z.record(z.string(), JsonObject).optional(),
  steps: z.array(Step).min(1),
  /** By name: the workflows that its steps use, each with those that it uses itself. */
  get used(): z.ZodOptional<z.ZodRecord<z.ZodString, typeof Used>> {
    return z.record(z.string(), Used).optional();
  },
});
export type Workflow = z.infer<typeof Workflow>;

/** A workflow as its user pins it: what a branch is pinned to. */
export const Used = z.object({
  /** Of its content, that of all it uses included: the same as where it is started by itself. */
  hash: z.string(),
  workflow: Workflow,
  /** Whether its checks may run if checks are allowed; absent: as its user's may. */
  trusted: z.boolean().optional(),
});
export type Used = z.infer<typeof Used>;

/** Something wrong in a definition. `file` is relative to the definitions directory, `line` counts from 1. */
export interface Problem {
  code: string;
  file: string;
  line: number;
  message: string;
  hint: string;
  /** The line itself, for people who look at their file; agents are not given it. */
  source?: string;
}

/** A workflow that can be started, with the hash of its content. */
export interface LoadedWorkflow {
  workflow: Workflow;
  hash: string;
  /** Embedded, or from a directory that a person named: its checks may run if checks are allowed. */
  trusted: boolean;
  /** What is legal but odd; absent if there is nothing. */
  warnings?: readonly Problem[];
}

/** The definitions that can be started now. A broken workflow stands in `invalid` and hides no other. */
export interface Catalog {
  /** By name, in the order in which they are listed. */
  workflows: ReadonlyMap<string, LoadedWorkflow>;
  invalid: ReadonlyMap<string, Problem[]>;
  /** The places that were searched: absolute directories, and `the built-in workflows`. */
  places: readonly string[];
}

/** Where definitions come from. */
export interface WorkflowSource {
  /** The catalogue as of at most a second ago; never a half-written edit. */
  catalog(): Promise<Catalog>;
}

/** The step of that name, matched exactly. */
export function findStep(workflow: Workflow, name: string): Step | undefined {
  return workflow.steps.find((step) => step.name === name);
}

/** The first step; a workflow has at least one. */
export function firstStep(workflow: Workflow): Step {
  const [first] = workflow.steps;
  if (!first) throw new Error(`Workflow "${workflow.name}" has no steps`);
  return first;
}

/** SHA-256 of the definition's content, that of all it uses included: equal content, equal hash, wherever the files lie. */
export function hashWorkflow(workflow: Workflow): string {
  const { used } = workflow;
  const pinned = used && Object.entries(used).map(([name, { hash, trusted }]) => [name, hash, trusted]);
  return new Bun.CryptoHasher("sha256").update(JSON.stringify({ ...workflow, used: pinned })).digest("hex");
}

/** Most slugs that are remembered: more than the steps of all workflows that a server usually sees. */
const MAX_SLUGS = 1_000;
const slugs = new Map<string, string>();

/** The URL-like form of a name: lower case, words joined by hyphens, letters and digits of any script, at most 60 characters. */
export function slugify(name: string): string {
  const known = slugs.get(name);
  if (known !== undefined) return known;
  const made = makeSlug(name);
  if (slugs.size >= MAX_SLUGS) slugs.clear();
  slugs.set(name, made);
  return made;
}

function makeSlug(name: string): string {
  const slug = name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return slug.slice(0, 60).replace(/-+$/, "") || "step";
}

/**
 * The name that an agent, a model or a person most likely means: a step's exact name, then its slug or file name.
 * Undefined if nothing fits; `FINISH` and `FAIL` are understood in any case unless a step bears that name.
 */
export function resolveStepName(workflow: Workflow, text: string): string | undefined {
  const wanted = text.trim();
  if (ENDS.includes(wanted) || findStep(workflow, wanted)) return wanted;
  const slug = slugify(wanted.replace(/\.md$/i, ""));
  const found = workflow.steps.find(
    (step) => step.slug === slug || slugify(fileStem(step.file)) === slug || step.file === wanted,
  );
  if (found) return found.name;
  return ENDS.find((end) => slugify(end) === slug);
}

function fileStem(file: string): string {
  return (file.split("/").pop() ?? file).replace(/\.md$/i, "");
}
