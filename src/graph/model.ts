/** A workflow as nodes and edges, for whoever draws it: no layout, no colours, no syntax. Pure. */
import { candidatesAfter } from "../decision.ts";
import { exactly } from "../words.ts";
import { ENDS, firstStep, type Step, type Workflow } from "../workflow.ts";

/** What is drawn of one workflow. The names of nodes are unique, and `start` is one of them. */
export interface Graph {
  /** Of the workflow; that of a private one is `PARENT/dir`. */
  name: string;
  /** The step where a run begins. */
  start: string;
  /** The steps in their order, then FINISH and FAIL if something leads there. */
  nodes: Node[];
  /** One at most from a node to another one; by the order of the nodes that they leave. */
  edges: Edge[];
}

export interface Node {
  name: string;
  /** Who does the step: the agent, the server by a program, or branches; an end; a step of another definition. */
  kind: "agent" | "server" | "branches" | "end" | "gone";
  /** What holds for the step beside its instructions. */
  marks: Mark[];
  /** Nothing leads there from the start. */
  unreachable?: true;
}

export interface Mark {
  kind: "approval" | "wait" | "program" | "branches" | "checks" | "limit" | "deadline";
  /** In few words; what an author wrote may stand in it. */
  words: string;
}

export interface Edge {
  from: string;
  to: string;
  /** How a run can come along it, in the order in which that is tried. None: it was only walked. */
  ways: Way[];
  /** It leads to its own step, or to one that stands before it: a loop. */
  back?: true;
}

export interface Way {
  /**
   * By a route whose condition is true; by `otherwise`; as the only `next`; by the judgement of the model or the agent; because
   * a person said no; because the agent's time was over.
   */
  kind: "route" | "otherwise" | "next" | "judged" | "denied" | "deadline";
  /** The CEL expression of a route. */
  when?: string;
}

/** A path through the graph, as a run took it. */
export interface Walked {
  /** By step: how often it was visited. */
  visits: Readonly<Record<string, number>>;
  taken: readonly { from: string; to: string; count: number }[];
  /** The step at which the run stands, FINISH or FAIL included; null: none. */
  current: string | null;
}

/**
 * What can follow what. A judgement may lead to any step, with a reason: drawn are those that the guidance names, and the
 * following one.
 */
export function modelOf(workflow: Workflow): Graph {
  const names = workflow.steps.map(({ name }) => name);
  const edges = workflow.steps.flatMap((step) => edgesOf(workflow, step, names));
  const ends = ENDS.filter((end) => !names.includes(end) && edges.some(({ to }) => to === end));
  const start = firstStep(workflow).name;
  const reached = reachedFrom(start, edges);
  const nodes = workflow.steps.map(
    (step): Node => ({ ...nodeOf(step), ...(reached.has(step.name) ? {} : { unreachable: true }) }),
  );
  const last = ends.map((name): Node => ({ name, kind: "end", marks: [] }));
  return { name: workflow.name, start, nodes: [...nodes, ...last], edges };
}

/** That of the workflow, and those of its private ones: they stand in no list. */
export function graphsOf(workflow: Workflow): Graph[] {
  const privates = Object.values(workflow.used ?? {}).filter((each) =>
    each.workflow.name.startsWith(`${workflow.name}/`),
  );
  return [modelOf(workflow), ...privates.flatMap((each) => graphsOf(each.workflow))];
}

/** The graph with all that a run walked: also where it went off the drawing, and steps that the definition does not have. */
export function withWalked(graph: Graph, { visits, taken, current }: Walked): Graph {
  const known = new Set(graph.nodes.map(({ name }) => name));
  const seen = [...Object.keys(visits), ...taken.flatMap(({ from, to }) => [from, to]), ...(current ? [current] : [])];
  const added = [...new Set(seen)].filter((name) => !known.has(name));
  const nodes = added.map((name): Node => ({ name, kind: ENDS.includes(name) ? "end" : "gone", marks: [] }));
  const all = { ...graph, nodes: [...graph.nodes, ...nodes] };
  const drawn = new Set(graph.edges.map(({ from, to }) => JSON.stringify([from, to])));
  const order = orderOf(all.nodes.map(({ name }) => name));
  const walked = taken
    .filter(({ from, to }) => !drawn.has(JSON.stringify([from, to])))
    .map(({ from, to }): Edge => ({ from, to, ways: [], ...backOf(order, from, to) }));
  return { ...all, edges: [...graph.edges, ...walked] };
}

function nodeOf(step: Step): Node {
  const kind = step.run ? "server" : step.branches ? "branches" : "agent";
  return { name: step.name, kind, marks: marksOf(step) };
}

function marksOf(step: Step): Mark[] {
  const { approval, wait, run, until_passes, branches, checks, max_visits, deadline } = step;
  const again = until_passes ? `, every ${exactly(until_passes.every)}` : "";
  const program = run?.kind === "run" ? run.text : run?.name;
  const all: (Mark | undefined)[] = [
    wait === undefined ? undefined : { kind: "wait", words: `waits ${exactly(wait)}` },
    approval && { kind: "approval", words: "a person approves" },
    run && { kind: "program", words: `runs ${program}${again}` },
    branches && {
      kind: "branches",
      words: `${branches.each === undefined ? "" : "for each: "}${branches.uses.join(", ")}`,
    },
    checks && { kind: "checks", words: checks.length === 1 ? "1 check" : `${checks.length} checks` },
    deadline && { kind: "deadline", words: `within ${exactly(deadline.after)}` },
    max_visits === undefined ? undefined : { kind: "limit", words: `at most ${max_visits}×` },
  ];
  return all.filter((mark) => mark !== undefined);
}

function edgesOf(workflow: Workflow, step: Step, names: readonly string[]): Edge[] {
  const order = orderOf(names);
  const byTarget = Map.groupBy(waysOf(workflow, step), ({ to }) => to);
  return [...byTarget].map(([to, found]) => ({
    from: step.name,
    to,
    ways: found.map(({ way }) => way),
    ...backOf(order, step.name, to),
  }));
}

/** In the order of section "Deciding the next step": routes, then the only `next`, else a judgement. */
function waysOf(workflow: Workflow, step: Step): { to: string; way: Way }[] {
  const { routes, next, approval, deadline } = step;
  const ruled = routes.map(({ when, to, about }) => ({ to, way: routeWay(when, about) }));
  const decided = routes.some(({ when }) => when === null);
  const kind: Way["kind"] = next?.length === 1 ? "next" : "judged";
  const open = decided ? [] : candidatesAfter(workflow, step).guided.map((to) => ({ to, way: { kind } }));
  const denied = approval?.denied === undefined ? [] : [{ to: approval.denied, way: { kind: "denied" as const } }];
  const late = deadline?.then === undefined ? [] : [{ to: deadline.then, way: { kind: "deadline" as const } }];
  return [...ruled, ...open, ...denied, ...late];
}

function routeWay(when: string | null, about: "approval" | undefined): Way {
  if (when === null) return { kind: "otherwise" };
  return { kind: about ? "denied" : "route", when };
}

function reachedFrom(start: string, edges: readonly Edge[]): Set<string> {
  const reached = new Set([start]);
  const byFrom = Map.groupBy(edges, ({ from }) => from);
  // A set is walked in the order in which it grows.
  for (const name of reached) for (const { to } of byFrom.get(name) ?? []) reached.add(to);
  return reached;
}

function orderOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, at) => [name, at]));
}

function backOf(order: ReadonlyMap<string, number>, from: string, to: string): { back?: true } {
  const target = order.get(to) ?? Number.POSITIVE_INFINITY;
  return target <= (order.get(from) ?? 0) ? { back: true } : {};
}
