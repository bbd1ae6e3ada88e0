/** What only the whole workflow can tell of steps that the server or the clock moves on: where that leads, and that it ends. */
import { decidedByRule } from "../decision.ts";
import { ENDS, FAIL, type Step } from "../workflow.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { targetHint } from "./routes-section.ts";
import type { PlacedExtras } from "./step-extras.ts";
import type { Yaml } from "./yaml.ts";

/** A step as it was written, with the keys of its front matter. */
interface Written extends Pick<PlacedExtras, "keys"> {
  step: Step;
}

/** Checks that a rule decides what follows a program, and that a deadline leads to where the step may lead. */
export function checkDoer({ step, keys }: Written, stepNames: readonly string[], reading: Reading): void {
  const run = keys.get("run");
  if (run && step.run && !decidedByRule(step))
    reading.problems.add("RUN_UNDECIDED", run.at, {
      message: "Nothing decides what follows the program of this step: nobody is asked",
      hint: 'Add a route "otherwise → Step Name" as the last one, or a single name as "next"',
    });
  const at = thenAt(keys.get("deadline"));
  const fault = at ? thenFault(step, stepNames) : undefined;
  if (at && fault) reading.problems.add("DEADLINE_TARGET", at, fault);
}

function thenFault({ deadline, next, routes }: Step, stepNames: readonly string[]) {
  const then = deadline?.then;
  if (then === undefined) return undefined;
  const names = [...stepNames, ...ENDS];
  if (!names.includes(then))
    return { message: `"then" names "${then}", and no step has that name`, hint: targetHint(then, names) };
  if (next && !next.includes(then))
    return {
      message: `"then" leads to "${then}", which "next" does not allow`,
      hint: `Add "${then}" to "next", or let "then" be one of: ${next.join(", ")}`,
    };
  if (then !== FAIL || next || routes.some(({ to }) => to === FAIL)) return undefined;
  return {
    message: `"then" leads to "${FAIL}", which neither "next" nor a route of this step names`,
    hint: `List what may follow, ${FAIL} included, as "next"`,
  };
}

function thenAt(deadline: Yaml | undefined): Origin | undefined {
  return deadline?.kind === "map" ? deadline.entries.find(({ key }) => key === "then")?.value.at : undefined;
}

/** Checks that no loop goes round for ever without an agent: one of its steps must have `max_visits`. */
export function checkLoops(steps: readonly Written[], { problems }: Reading): void {
  const unlimited = steps.filter(({ keys }) => !keys.has("max_visits"));
  const graph = new Map(
    unlimited.map((written) => [written.step.name, { written, leadsTo: followersOf(written.step) }]),
  );
  for (const loop of loopsIn(new Map([...graph].map(([name, { leadsTo }]) => [name, leadsTo])))) {
    const { keys } = graph.get(loop.at(-1) ?? "")?.written ?? {};
    const at = keys?.get("run")?.at ?? thenAt(keys?.get("deadline"));
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

function wordsOf(loop: readonly string[]): string {
  const told = loop.length > MAX_TOLD ? [...loop.slice(0, MAX_TOLD - 1), loop.at(-1) ?? ""] : loop;
  const names = [...told, loop[0] ?? ""].map((name) => `"${name}"`);
  return names.toSpliced(MAX_TOLD - 1, 0, ...(told === loop ? [] : ["…"])).join(" → ");
}

/** Where the step may lead without a report of an agent. */
function followersOf({ run, next, routes, deadline }: Step): string[] {
  const always = routes.some(({ when }) => when === null);
  const after = run ? [...routes.map(({ to }) => to), ...(always ? [] : (next ?? []))] : [];
  return [...after, ...(deadline?.then === undefined ? [] : [deadline.then])];
}

/**
 * Loops of a graph, each from its first node to the one that closes it. Without the edges that close these the graph has no
 * loop.
 */
function* loopsIn(graph: ReadonlyMap<string, readonly string[]>): Generator<string[]> {
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
      } else if (at !== undefined) yield path.slice(at).map(({ name }) => name);
      else if (graph.has(next) && !seen.has(next)) enter(next);
    }
  }
}
