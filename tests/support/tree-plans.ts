/** Workflows whose steps other runs do, made up: one to three levels, one at a time and several, with faults in them. */
import fc from "fast-check";
import { type Branching, FAIL, FINISH, hashWorkflow, type Step, slugify, type Workflow } from "../../src/workflow.ts";

/** What a step is, beyond its place. A branch step has one of these lists, and what its branches run. */
export type StepPlan =
  | { kind: "agent" }
  | { kind: "server" }
  | { kind: "wait" }
  | { kind: "branches"; each: EachPlan; most: number; more: MorePlan; used: WorkflowPlan };
type EachPlan = { list: unknown[] } | { text: string };
interface MorePlan {
  fast: boolean;
  join: boolean;
  deadline: "none" | "then" | "waits";
  with?: string | undefined;
  /** The used workflow demands a number as `given`. */
  demands: boolean;
  /** Two names instead of a list. */
  names: boolean;
}
export interface WorkflowPlan {
  steps: StepPlan[];
}

/** The key that each branch has its item in, one that agents set, and one that the results go to. */
export const ITEM = "item";
export const OUTPUT = "told";
export const INTO = "results";

const plain: fc.Arbitrary<StepPlan> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: "agent" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "server" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "wait" as const }) },
);

const faulty = fc.constantFrom("context.none", "context.text", "context.list.map(x, x.none)");

function each(most: number): fc.Arbitrary<EachPlan> {
  const item = fc.oneof(fc.nat(9), fc.constantFrom("a", "b"), fc.constant({ n: 1 }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ list: fc.array(item, { minLength: 1, maxLength: most }) }) },
    { weight: 3, arbitrary: fc.record({ text: fc.constant("context.list") }) },
    { weight: 1, arbitrary: fc.record({ text: faulty }) },
  );
}

const more: fc.Arbitrary<MorePlan> = fc.record({
  fast: fc.boolean(),
  join: fc.boolean(),
  deadline: fc.constantFrom("none", "none", "none", "then", "waits"),
  with: fc.constantFrom(undefined, undefined, undefined, "item", "item", "item.n"),
  demands: fc.integer({ max: 3, min: 0 }).map((n) => n === 0),
  names: fc.integer({ max: 5, min: 0 }).map((n) => n === 0),
});

function branching(depth: number): fc.Arbitrary<StepPlan> {
  return fc.record({
    kind: fc.constant("branches" as const),
    each: each(depth > 1 ? 3 : 6),
    most: fc.integer({ min: 1, max: 4 }),
    more,
    used: plan(depth - 1),
  });
}

function plan(depth: number): fc.Arbitrary<WorkflowPlan> {
  const step = depth > 0 ? fc.oneof(plain, branching(depth)) : plain;
  return fc.record({ steps: fc.array(step, { minLength: 1, maxLength: depth > 0 ? 3 : 2 }) });
}

/** A tree whose root has a branch step at least. */
export const treePlan: fc.Arbitrary<WorkflowPlan> = fc.integer({ min: 1, max: 3 }).chain((depth) =>
  fc.record({
    steps: fc
      .tuple(fc.array(plain, { maxLength: 1 }), branching(depth), fc.array(plain, { maxLength: 1 }))
      .map(([before, step, after]) => [...before, step, ...after]),
  }),
);

/** The workflow of a plan; `path` names it among the others. */
export function workflowOf({ steps }: WorkflowPlan, path = ROOT, inputs?: Workflow["inputs"]): Workflow {
  const used: NonNullable<Workflow["used"]> = {};
  const use = (name: string, plan: WorkflowPlan, inputs?: Workflow["inputs"]) => {
    const workflow = workflowOf(plan, name, inputs);
    used[name] = { hash: hashWorkflow(workflow), workflow };
    return name;
  };
  const names = steps.map((_, index) => `S${index + 1}`);
  const made = steps.map((each, index): Step => {
    const name = `S${index + 1}`;
    const to = names[index + 1] ?? FINISH;
    const step: Step = { ...BARE, name, slug: slugify(name), file: `${path}/${name}.md` };
    if (each.kind === "agent") {
      const routes = [
        { when: "report.status == 'success'", to },
        { when: null, to: FAIL },
      ];
      return { ...step, instructions: "Do it.", routes };
    }
    const routes = [{ when: null, to }];
    if (each.kind === "server") return { ...step, instructions: "Run it.", routes, run: PROGRAM };
    if (each.kind === "wait") return { ...step, instructions: "Wait.", routes, wait: 60 };
    const { join, deadline, with: given, demands, names: byName } = each.more;
    const inputs = demands ? NUMBER : undefined;
    const uses = [
      use(`${path}${name}`, each.used, inputs),
      ...(byName ? [use(`${path}${name}b`, each.used, inputs)] : []),
    ];
    const branches: Branching = {
      uses,
      ...(byName ? {} : { each: "list" in each.each ? each.each.list : each.each.text }),
      as: ITEM,
      ...(given ? { with: { given } } : {}),
      max_parallel: each.most,
      ...(each.more.fast ? { fail_fast: true as const } : {}),
      into: INTO,
    };
    return {
      ...step,
      instructions: join ? "Join them." : "",
      routes,
      branches,
      ...(deadline === "none" ? {} : { deadline: { after: 3_600, ...(deadline === "then" ? { then: FINISH } : {}) } }),
    };
  });
  return {
    name: path,
    goal: "",
    ...(inputs ? { inputs } : {}),
    ...(path !== ROOT && steps.some(({ kind }) => kind === "agent") ? { outputs: { [OUTPUT]: {} } } : {}),
    steps: made,
    ...(Object.keys(used).length > 0 ? { used } : {}),
  };
}

const ROOT = "W";
const BARE = { guidance: "", instructions: "", sections: [], routes: [] };
const PROGRAM = { kind: "command" as const, name: "work", timeout: 60 };
const NUMBER = { type: "object", properties: { given: { type: "number" } }, required: ["given"] };
