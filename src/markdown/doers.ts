/** What only the whole workflow can tell of steps that the server, the clock or a no moves on: where that leads, and that it ends. */
import { decidedByRule } from "../decision.ts";
import { ENDS, FAIL, type Step } from "../workflow.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { type PlacedRoute, targetHint } from "./routes-section.ts";
import type { PlacedExtras } from "./step-extras.ts";

/** A step as it was written, with the keys of its front matter. */
interface Written extends Pick<PlacedExtras, "keys"> {
  step: Step;
  routes: readonly PlacedRoute[];
}

/** A way on and the place that names it. */
interface Way {
  to: string;
  at: Origin;
}

/** Checks that a rule decides what follows a program, and that a deadline and a no lead to where the step may lead. */
export function checkDoer(written: Written, stepNames: readonly string[], reading: Reading): void {
  const { step, keys } = written;
  const run = keys.get("run");
  if (run && step.run && !decidedByRule(step))
    reading.problems.add("RUN_UNDECIDED", run.at, {
      message: "Nothing decides what follows the program of this step: nobody is asked",
      hint: 'Add a route "otherwise → Step Name" as the last one, or a single name as "next"',
    });
  for (const { key, code, to, at } of namedWays(written)) {
    const fault = wayFault(step, { key, to }, stepNames);
    if (fault) reading.problems.add(code, at, fault);
  }
  reportUnasked(written, reading);
}

/** Where the step leads once its deadline is over, and on a no. */
function namedWays({ step: { deadline, approval }, keys }: Written) {
  const ways = [
    { of: "deadline", key: "then", code: "DEADLINE_TARGET", to: deadline?.then },
    { of: "approval", key: "denied", code: "APPROVAL_TARGET", to: approval?.denied },
  ] as const;
  return ways.flatMap(({ of, to, ...way }) => {
    const yaml = keys.get(of);
    const at = yaml?.kind === "map" ? yaml.entries.find(({ key }) => key === way.key)?.value.at : undefined;
    return to !== undefined && at ? [{ ...way, to, at }] : [];
  });
}

function wayFault({ next, routes }: Step, { key, to }: { key: string; to: string }, stepNames: readonly string[]) {
  const names = [...stepNames, ...ENDS];
  if (!names.includes(to))
    return { message: `"${key}" names "${to}", and no step has that name`, hint: targetHint(to, names) };
  if (next && !next.includes(to))
    return {
      message: `"${key}" leads to "${to}", which "next" does not allow`,
      hint: `Add "${to}" to "next", or let "${key}" be one of: ${next.join(", ")}`,
    };
  if (to !== FAIL || next || routes.some((route) => route.to === FAIL)) return undefined;
  return {
    message: `"${key}" leads to "${FAIL}", which neither "next" nor a route of this step names`,
    hint: `List what may follow, ${FAIL} included, as "next"`,
  };
}

/** Reports routes about an approval for which nobody is asked. */
function reportUnasked({ keys, routes }: Written, { problems }: Reading): void {
  if (keys.has("approval")) return;
  for (const { about, to, at } of routes)
    if (about)
      problems.add("ROUTE_APPROVAL", at, {
        message: `The route to "${to}" names "approval", and nobody is asked for one in this step`,
        hint: 'Add "approval: true" to the front matter, or take "approval" out of the expression',
      });
}

/** Checks that no loop goes round for ever without an agent: one of its steps must have `max_visits`. */
export function checkLoops(steps: readonly Written[], { problems }: Reading): void {
  const unlimited = steps.filter(({ keys }) => !keys.has("max_visits"));
  const graph = new Map(unlimited.map((written) => [written.step.name, waysWithoutAgent(written)]));
  for (const loop of loopsIn(new Map([...graph].map(([name, ways]) => [name, ways.map(({ to }) => to)])))) {
    const at = graph.get(loop.at(-1) ?? "")?.find(({ to }) => to === loop[0])?.at;
    if (problems.isFull) return;
    if (at)
      problems.add("LOOP_WITHOUT_AGENT", at, {
        message: `The loop ${wordsOf(loop)} needs no agent, and nothing limits it`,
        hint: 'Give one of its steps "max_visits", like "max_visits: 20"',
      });
  }
}

/** Most names of a loop that are told. */
const MAX_TOLD = 6;

/** The loop in words: `"A" → "B" → "A"`. */
export function wordsOf(loop: readonly string[]): string {
  const told = loop.length > MAX_TOLD ? [...loop.slice(0, MAX_TOLD - 1), loop.at(-1) ?? ""] : loop;
  const names = [...told, loop[0] ?? ""].map((name) => `"${name}"`);
  return names.toSpliced(MAX_TOLD - 1, 0, ...(told === loop ? [] : ["…"])).join(" → ");
}

/** Where the step may lead without a report of an agent: by its program, by its branches, by a deadline, by a no. */
function waysWithoutAgent(written: Written): Way[] {
  const { step, keys, routes } = written;
  // A list may have no items: then no branch brings an agent, unless one combines the results.
  const isBranched = step.branches && step.instructions === "";
  const done = (step.run && keys.get("run")) ?? (isBranched && keys.get("uses"));
  const always = routes.some(({ when }) => when === null);
  const after = [...routes.map(({ to }) => to), ...(always ? [] : (step.next ?? []))];
  const ofNo = routes.filter(({ about }) => about && step.approval);
  return [...(done ? after.map((to) => ({ to, at: done.at })) : []), ...namedWays(written), ...ofNo];
}

/**
 * Loops of a graph, each from its first node to the one that closes it. Without the edges that close these the graph has no
 * loop. One that a node closes of which enough is known is passed over.
 */
export function* loopsIn(
  graph: ReadonlyMap<string, readonly string[]>,
  isKnown: (name: string) => boolean = () => false,
): Generator<string[]> {
  const seen = new Set<string>();
  for (const root of graph.keys()) {
    const path: { name: string; left: string[] }[] = [];
    const onPath = new Map<string, number>();
    const enter = (name: string) => {
      seen.add(name);
      onPath.set(name, path.length);
      path.push({ name, left: [...(graph.get(name) ?? [])] });
    };
    if (!seen.has(root)) enter(root);
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const next = last.left.shift();
      const at = next === undefined ? undefined : onPath.get(next);
      if (next === undefined) {
        path.pop();
        onPath.delete(last.name);
      } else if (at !== undefined) {
        if (!isKnown(last.name)) yield path.slice(at).map(({ name }) => name);
      } else if (graph.has(next) && !seen.has(next)) enter(next);
    }
  }
}
