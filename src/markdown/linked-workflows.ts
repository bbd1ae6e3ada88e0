/** Workflows put together with those that they use: each holds its whole tree, or is broken by what is wrong in there. */
import { nearName } from "../near-name.ts";
import { oneLine } from "../words.ts";
import {
  hashWorkflow,
  type LoadedWorkflow,
  MAX_BRANCH_DEPTH,
  MAX_TREE_BYTES,
  type Problem,
  type Used,
  type Workflow,
} from "../workflow.ts";
import { loopsIn, wordsOf } from "./doers.ts";
import { inputFaults } from "./given-inputs.ts";
import type { ParseResult, Place, Use } from "./parse-result.ts";
import { MAX_PROBLEMS } from "./problems.ts";
import { sharedFiles } from "./shared-files.ts";

/** A workflow as it was read, and whether a person named the place that it is in. */
export interface Found {
  result: ParseResult;
  trusted: boolean;
}

/** A workflow with all that it uses, or what is wrong with it or with these. */
export type Linked = { ok: true; loaded: LoadedWorkflow } | { ok: false; problems: Problem[] };

/** The same with what its users must know. */
type Good = Extract<Linked, { ok: true }> & { chain: readonly string[] };
type Node = Good | Extract<Linked, { ok: false }>;

/** The workflows of the list, each linked. */
export function linkWorkflows(listed: ReadonlyMap<string, Found>): ReadonlyMap<string, Linked> {
  const found = withPrivates(listed);
  const links: Links = { found, listed: [...listed.keys()], rings: ringsOf(found), nodes: new Map(), sizes: new Map() };
  return new Map(links.listed.map((name) => [name, nodeOf(name, links) ?? { ok: false, problems: [] }]));
}

interface Links {
  found: ReadonlyMap<string, Found>;
  listed: readonly string[];
  /** By name, the names of a ring from there on. */
  rings: ReadonlyMap<string, readonly string[]>;
  nodes: Map<string, Node>;
  /** Bytes as JSON, those of all it uses included. */
  sizes: Map<Workflow, number>;
}

/** A private one is found by its name too, which none of the list can bear: it has a slash in it. */
function withPrivates(listed: ReadonlyMap<string, Found>): ReadonlyMap<string, Found> {
  const all = new Map(listed);
  for (const { result, trusted } of listed.values())
    if (result.ok)
      for (const [name, each] of Object.entries(result.privates ?? {})) all.set(name, { result: each, trusted });
  return all;
}

function ringsOf(found: ReadonlyMap<string, Found>): ReadonlyMap<string, readonly string[]> {
  const graph = new Map([...found].map(([name, { result }]) => [name, result.ok ? namesIn(result.uses) : []]));
  const rings = new Map<string, readonly string[]>();
  for (const loop of loopsIn(graph, (name) => rings.has(name)))
    for (const [at, name] of loop.entries())
      if (!rings.has(name)) rings.set(name, [...loop.slice(at), ...loop.slice(0, at)]);
  return rings;
}

function namesIn(uses: readonly Use[] = []): string[] {
  return uses.flatMap(({ names }) => names.map(({ name }) => name));
}

/** Comes to an end: who is in a ring is not followed. */
function nodeOf(name: string, links: Links): Node | undefined {
  const known = links.nodes.get(name);
  if (known) return known;
  const found = links.found.get(name);
  if (!found) return undefined;
  const made = link(name, found, links);
  links.nodes.set(name, made);
  return made;
}

function link(name: string, { result, trusted }: Found, links: Links): Node {
  if (!result.ok) return result;
  const { workflow, hash, warnings = [], uses = [] } = result;
  const linking: Linking = { name, workflow, trusted, links, problems: [], warnings: [...warnings], used: new Map() };
  for (const use of uses) for (const each of use.names) linkUse({ use, ...each }, linking);
  const { problems, used } = linking;
  const chains = [...used.values()].map((child) => child.chain);
  const [longest = []] = chains.sort((left, right) => right.length - left.length);
  const chain = [name, ...longest];
  const whole = used.size === 0 ? workflow : { ...workflow, used: Object.fromEntries([...used].map(usedOf(trusted))) };
  if (used.size > 0 && problems.length === 0) reportSize({ chain, whole, at: uses[0]?.at }, linking);
  if (problems.length > 0) return { ok: false, problems };
  const odd = linking.warnings.length > 0 ? { warnings: linking.warnings } : {};
  const loaded = { workflow: whole, hash: used.size === 0 ? hash : hashWorkflow(whole), trusted, ...odd };
  return { ok: true, loaded, chain };
}

/** A workflow while those that it uses are put into it. */
interface Linking {
  name: string;
  workflow: Workflow;
  trusted: boolean;
  links: Links;
  problems: Problem[];
  warnings: Problem[];
  used: Map<string, Good>;
}

type UsedName = Use["names"][number] & { use: Use };

function linkUse(used: UsedName, linking: Linking): void {
  const { name, written, isPrivate, at, use } = used;
  const { links, problems } = linking;
  const say = (code: string, message: string, hint: string) => addTo(problems, { code, at, message, hint });
  const ring = links.rings.get(linking.name);
  if (ring?.[1 % ring.length] === name) {
    say(
      "USES_RING",
      `The workflows use one another in a ring: ${wordsOf(ring)}`,
      'Take one of these "uses" out: no run of it would end',
    );
    return;
  }
  if (ring) return; // one problem of that kind is enough
  const child = nodeOf(name, links);
  if (!child) say("USES_UNKNOWN", `There is no workflow "${oneLine(written, 80)}"`, unknownHint(name, linking));
  else if (!child.ok) {
    const [first] = child.problems;
    const why = first ? `: ${first.file}:${first.line} ${oneLine(first.message, 200)}` : "";
    const hint = isPrivate
      ? "Correct its files"
      : `Correct its files; \`orchestrator validate ${name}\` lists the problems`;
    say("USES_BROKEN", `The workflow "${name}", which "${linking.name}" uses, has problems${why}`, hint);
    if (isPrivate) for (const each of child.problems) addOnce(problems, each);
  } else accept(child, { ...used, use }, linking);
}

function accept(child: Good, { name, isPrivate, at, use }: UsedName, linking: Linking): void {
  const { workflow, problems, warnings, used } = linking;
  const step = workflow.steps.find((each) => each.name === use.step);
  const target = child.loaded.workflow;
  if (step?.branches) {
    for (const fault of inputFaults(step.branches, target)) {
      const place = fault.key === undefined ? at : (use.withAt[fault.key] ?? at);
      addTo(problems, { ...fault, at: place });
    }
    if ((step.branches.max_parallel ?? 1) !== 1)
      for (const odd of sharedFiles(name, target)) addTo(warnings, { ...odd, at: use.parallelAt ?? use.at });
  }
  if (isPrivate && !used.has(name)) for (const each of child.loaded.warnings ?? []) addOnce(warnings, each);
  used.set(name, child);
}

function addTo(list: Problem[], { code, at, message, hint }: Omit<Problem, "file" | "line"> & { at: Place }): void {
  const { file, line, source } = at;
  addOnce(list, { code, file, line, message, hint, ...(source === undefined ? {} : { source }) });
}

/** Two steps may share a file. */
function addOnce(list: Problem[], problem: Problem): void {
  if (list.length < MAX_PROBLEMS && !list.some((each) => Bun.deepEquals(each, problem))) list.push(problem);
}

function unknownHint(name: string, { name: own, links }: Linking): string {
  const names = links.listed.filter((each) => each !== own);
  const near = nearName(name, names);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return names.length > 0 ? `There are: ${names.slice(0, MAX_NAMED).join(", ")}` : "There is no other one";
}

/** Most workflows that a hint names. */
const MAX_NAMED = 30;

function reportSize(
  { chain, whole, at }: { chain: readonly string[]; whole: Workflow; at: Place | undefined },
  { name, problems, links }: Linking,
): void {
  if (!at) return;
  if (chain.length - 1 > MAX_BRANCH_DEPTH)
    addTo(problems, {
      code: "USES_TOO_DEEP",
      at,
      message: `Branches go at most ${MAX_BRANCH_DEPTH} levels deep, and these go deeper: ${chain.slice(0, MAX_BRANCH_DEPTH + 2).join(" → ")}`,
      hint: "Let a workflow further up do the work of one of them",
    });
  else if (bytesOf(whole, links.sizes) > MAX_TREE_BYTES)
    addTo(problems, {
      code: "TOO_LARGE",
      at,
      message: `With all that it uses, "${name}" exceeds ${MAX_TREE_BYTES} bytes`,
      hint: "Use less, or let instructions name files that the agent reads itself",
    });
}

/** What it takes to pin one, about. */
const USED_BYTES = 120;

/** Without writing it out: what several of them use stands there as often. */
function bytesOf(workflow: Workflow, sizes: Map<Workflow, number>): number {
  const known = sizes.get(workflow);
  if (known !== undefined) return known;
  const { used = {}, ...own } = workflow;
  const below = Object.entries(used).map(([name, each]) => name.length + USED_BYTES + bytesOf(each.workflow, sizes));
  const bytes = below.reduce((sum, each) => sum + each, Buffer.byteLength(JSON.stringify(own)));
  sizes.set(workflow, bytes);
  return bytes;
}

/** As its user pins it. */
function usedOf(trusted: boolean) {
  return ([name, { loaded }]: [string, Good]): [string, Used] => {
    const { hash, workflow } = loaded;
    return [name, { hash, workflow, ...(loaded.trusted === trusted ? {} : { trusted: loaded.trusted }) }];
  };
}
