/** Workflows that use one another: each holds its whole tree, and what is wrong in there is told where it is used. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { whatHere } from "../../src/cli/here.ts";
import { memoryFiles } from "../../src/markdown/files.ts";
import { type Found, type Linked, linkWorkflows } from "../../src/markdown/linked-workflows.ts";
import type { ParseResult } from "../../src/markdown/parse-result.ts";
import { parseWorkflow } from "../../src/markdown/parse-workflow.ts";
import { SETTLE_MS, watchDirectory } from "../../src/markdown/watched-directory.ts";
import { hashWorkflow, type LoadedWorkflow, MAX_BRANCH_DEPTH, type Problem, Workflow } from "../../src/workflow.ts";
import { JUDGES } from "../support/judges.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";
import { STEP } from "./support.ts";

const GUIDANCE = "# Orchestrator Guidance\nGo on.\n";

/** A workflow of one step `S`, at `NAME/s.md`; `front` begins at line 2 of it. Without `uses` it is worked by an agent. */
function workflow(name: string, front = "", { index = "", text = "" } = {}): Record<string, string> {
  const sections = front.startsWith("uses") ? GUIDANCE : STEP;
  return {
    [`${name}/index.md`]: `${index === "" ? "" : `---\n${index}\n---\n`}- [S](s.md)\n`,
    [`${name}/s.md`]: `---\n${front}${front === "" ? "" : "\n"}next: FINISH\n---\n${sections}${text}`,
  };
}

/** Links the workflows of these files; those named are from where nobody is trusted. */
function link(files: Record<string, string>, untrusted: readonly string[] = []): ReadonlyMap<string, Linked> {
  const names = Object.keys(files).flatMap((path) => /^([^/]+)\/index\.md$/.exec(path)?.[1] ?? []);
  const found = names.map((name): [string, Found] => [
    name,
    { result: parseWorkflow(name, memoryFiles(files), JUDGES), trusted: !untrusted.includes(name) },
  ]);
  return linkWorkflows(new Map(found));
}

function loaded(linked: ReadonlyMap<string, Linked>, name: string): LoadedWorkflow {
  const found = linked.get(name);
  if (!found?.ok) throw new Error(JSON.stringify(found?.problems, null, 1));
  return found.loaded;
}

function problems(linked: ReadonlyMap<string, Linked>, name: string): Problem[] {
  const found = linked.get(name);
  return found?.ok === false ? found.problems : [];
}

const places = (all: readonly Problem[]) => all.map(({ code, file, line }) => `${code} ${file}:${line}`);

describe("a workflow that uses others", () => {
  const TREE = {
    ...workflow("A", "uses: B"),
    ...workflow("B", "uses: [C, ./own]\nas: item"),
    ...workflow("B/own", "uses: C"),
    ...workflow("C"),
  };

  test("holds all of them, each as it is where it is started by itself", () => {
    const linked = link(TREE);
    const [a, b, c] = ["A", "B", "C"].map((name) => loaded(linked, name));
    expect([...linked.keys()]).toEqual(["A", "B", "C"]);
    expect(a?.workflow.used?.["B"]).toEqual({ hash: b?.hash ?? "", workflow: b?.workflow as Workflow });
    expect(Object.keys(b?.workflow.used ?? {})).toEqual(["C", "B/own"]);
    expect(b?.workflow.used?.["B/own"]?.workflow.used?.["C"]?.hash).toBe(c?.hash ?? "");
    expect(b?.workflow.steps[0]?.branches?.uses).toEqual(["C", "B/own"]);
    expect(c?.workflow.used).toBeUndefined();
  });

  test("has a hash that covers them, and is the same after it was stored", () => {
    const before = loaded(link(TREE), "A");
    const changed = link({ ...TREE, ...workflow("C", "", { text: "More.\n" }) });
    expect(loaded(changed, "A").hash).not.toBe(before.hash);
    expect(loaded(changed, "B").hash).not.toBe(loaded(link(TREE), "B").hash);
    expect(loaded(link({ ...TREE, ...workflow("D") }), "A").hash).toBe(before.hash);
    const stored = Workflow.parse(JSON.parse(JSON.stringify(before.workflow)));
    expect(stored).toEqual(before.workflow);
    expect(hashWorkflow(before.workflow)).toBe(before.hash);
  });

  test("says whom of them nobody trusts, and whom only they do", () => {
    const linked = link(TREE, ["C"]);
    const { used } = loaded(linked, "B").workflow;
    expect(used?.["C"]?.trusted).toBe(false);
    expect(used?.["B/own"]?.trusted).toBeUndefined();
    expect(used?.["B/own"]?.workflow.used?.["C"]?.trusted).toBe(false);
    expect(loaded(link(TREE, ["A"]), "A").workflow.used?.["B"]?.trusted).toBe(true);
    expect(loaded(link(TREE, ["A", "B", "C"]), "A").hash).toBe(loaded(link(TREE), "A").hash);
  });

  test("keeps a workflow that two of its steps use once, and shares what both ways lead to", () => {
    const two = { ...workflow("C"), ...workflow("A", "uses: C") };
    two["A/index.md"] = "- [S](s.md)\n- [T](s.md)\n";
    expect(Object.keys(loaded(link(two), "A").workflow.used ?? {})).toEqual(["C"]);
  });

  test(`may be ${MAX_BRANCH_DEPTH} levels above the last of them, and no more`, () => {
    const chain = Object.assign(
      {},
      ...[1, 2, 3, 4, 5, 6].map((at) => workflow(`L${at}`, `uses: L${at + 1}`)),
      workflow("L7"),
    );
    const linked = link(chain);
    loaded(linked, "L2");
    expect(places(problems(linked, "L1"))).toEqual(["USES_TOO_DEEP L1/s.md:2"]);
    expect(problems(linked, "L1")[0]?.message).toContain("L1 → L2 → L3 → L4 → L5 → L6 → L7");
  });

  test("may have private ones as deep, and no deeper", () => {
    const at = (level: number) => `A${"/p".repeat(level)}`;
    const nested = (levels: number) =>
      Object.assign(
        {},
        ...Array.from({ length: levels }, (_, level) => workflow(at(level), "uses: ./p")),
        workflow(at(levels)),
      );
    loaded(link(nested(5)), "A");
    const all = problems(link(nested(6)), "A");
    expect(all.map(({ code }) => code)).toContain("USES_TOO_DEEP");
    expect(all.every(({ message, hint }) => message.length < 600 && hint !== "")).toBe(true);
  });

  test("is taken with 4 MiB of them, and not with more", () => {
    const big = (name: string) => workflow(name, "", { text: `# Goal\n${"x".repeat(990_000)}\n` });
    const many = (count: number) => {
      const names = Array.from({ length: count }, (_, at) => `B${at}`);
      return link(Object.assign(workflow("A", `uses: [${names.join(", ")}]`), ...names.map(big)));
    };
    loaded(many(4), "A");
    const [only] = problems(many(5), "A");
    expect(only).toMatchObject({ code: "TOO_LARGE", file: "A/s.md", line: 2, source: "uses: [B0, B1, B2, B3, B4]" });
    expect(only?.message).toContain('With all that it uses, "A" exceeds 4194304 bytes');
  });

  test("does not grow with the ways that lead to one of them", () => {
    const layers = Array.from({ length: 5 }, (_, layer) => Array.from({ length: 14 }, (_, at) => `N${layer}x${at}`));
    const files = layers.flatMap((names, layer) =>
      names.map((name) => workflow(name, layers[layer + 1] ? `uses: [${layers[layer + 1]?.join(", ")}]` : "")),
    );
    const started = performance.now();
    const linked = link(Object.assign({}, ...files));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(problems(linked, "N0x0").map(({ code }) => code)).toEqual(["TOO_LARGE"]);
    loaded(linked, "N2x0");
  });
});

describe("what is wrong with it is a problem", () => {
  interface Case {
    what: string;
    files: Record<string, string>;
    of?: string;
    problems: string[];
    says?: string[];
  }
  const INPUTS =
    "inputs: {properties: {module: {type: string}, path: {}}, required: [module], additionalProperties: false}";
  const cases: Case[] = [
    {
      what: "an unknown name, nearly one",
      files: { ...workflow("A", "uses:\n  - MODULE_AUDT"), ...workflow("MODULE_AUDIT") },
      problems: ["USES_UNKNOWN A/s.md:3"],
      says: ['There is no workflow "MODULE_AUDT"', 'Did you mean "MODULE_AUDIT"?'],
    },
    {
      what: "an unknown name, like none",
      files: { ...workflow("A", "uses: Quite Different"), ...workflow("B"), ...workflow("C") },
      problems: ["USES_UNKNOWN A/s.md:2"],
      says: ["There are: B, C"],
    },
    {
      what: "a name where there is no other",
      files: workflow("A", "uses: B"),
      problems: ["USES_UNKNOWN A/s.md:2"],
      says: ["There is no other one"],
    },
    {
      what: "a private one of another workflow",
      files: { ...workflow("A", "uses: B/own"), ...workflow("B", "uses: ./own"), ...workflow("B/own") },
      problems: ["USES_INVALID A/s.md:2"],
      says: ['"B/own"', 'begins with "./"'],
    },
    {
      what: "a private one that is elsewhere",
      files: { ...workflow("A", "uses: ./modul"), ...workflow("A/module") },
      problems: ["USES_UNKNOWN A/s.md:2"],
      says: ['no file "A/modul/index.md"', 'Did you mean "./module"?'],
    },
    {
      what: "a private one that is nowhere",
      files: workflow("A", "uses: ./module"),
      problems: ["USES_UNKNOWN A/s.md:2"],
      says: ['Create "A/module/index.md"'],
    },
    {
      what: "a private one, by a path relative to index.md and not to the step",
      files: {
        "A/index.md": "- [S](steps/s.md)\n",
        "A/steps/s.md": workflow("A", "uses: ./module")["A/s.md"] ?? "",
        ...workflow("A/module"),
      },
      problems: ["USES_UNKNOWN A/steps/s.md:2"],
      says: ['no file "A/steps/module/index.md"', 'Did you mean "../module"?'],
    },
    {
      what: "a private one named in a shared step outside",
      files: {
        "A/index.md": "- [S](../SHARED/s.md)\n",
        "SHARED/s.md": workflow("A", "uses: ./module")["A/s.md"] ?? "",
      },
      problems: ["USES_INVALID SHARED/s.md:2"],
      says: ['not inside the directory "A"'],
    },
    {
      what: "itself",
      files: workflow("A", "uses: A"),
      problems: ["USES_RING A/s.md:2"],
      says: ['in a ring: "A" → "A"', "no run of it would end"],
    },
    {
      what: "a ring, as its first sees it",
      files: { ...workflow("A", "uses: B"), ...workflow("B", "uses: C"), ...workflow("C", "uses: A") },
      problems: ["USES_RING A/s.md:2"],
      says: ['"A" → "B" → "C" → "A"'],
    },
    {
      what: "a ring, as another sees it",
      files: {
        ...workflow("A", "uses: B"),
        ...workflow("B", "uses: [X, C]"),
        ...workflow("C", "uses: A"),
        ...workflow("X"),
      },
      of: "C",
      problems: ["USES_RING C/s.md:2"],
      says: ['"C" → "A" → "B" → "C"'],
    },
    {
      what: "a way into a ring",
      files: { ...workflow("A", "uses: B"), ...workflow("B", "uses: B") },
      problems: ["USES_BROKEN A/s.md:2"],
      says: ['The workflow "B", which "A" uses', "ring"],
    },
    {
      what: "a ring by a private one",
      files: { ...workflow("A", "uses: ./own"), ...workflow("A/own", "uses: A") },
      problems: ["USES_RING A/s.md:2"],
      says: ['"A" → "A/own" → "A"'],
    },
    {
      what: "a broken one",
      files: { ...workflow("A", "uses: B"), ...workflow("B", "max_visits: x") },
      problems: ["USES_BROKEN A/s.md:2"],
      says: [
        'The workflow "B", which "A" uses, has problems: B/s.md:2 "max_visits" must be',
        "orchestrator validate B",
      ],
    },
    {
      what: "a broken one further down",
      files: { ...workflow("A", "uses: B"), ...workflow("B", "uses: C"), ...workflow("C", "max_visits: x") },
      problems: ["USES_BROKEN A/s.md:2"],
      says: ['"B"', '"C"'],
    },
    {
      what: "a broken private one, whose problems nobody else lists",
      files: { ...workflow("A", "uses: ./own"), ...workflow("A/own", "max_visits: x") },
      problems: ["USES_BROKEN A/s.md:2", "MAX_VISITS_INVALID A/own/s.md:2"],
      says: ['"A/own", which "A" uses', "A/own/s.md:2"],
    },
    {
      what: "a private one that uses what there is not",
      files: { ...workflow("A", "uses: ./own"), ...workflow("A/own", "uses: B") },
      problems: ["USES_BROKEN A/s.md:2", "USES_UNKNOWN A/own/s.md:2"],
    },
    {
      what: "both of its own and of a private one",
      files: { ...workflow("A", "uses: ./own\nmax_visits: x"), ...workflow("A/own", "max_visits: x") },
      problems: ["MAX_VISITS_INVALID A/s.md:3", "MAX_VISITS_INVALID A/own/s.md:2"],
    },
    {
      what: "an input that nothing gives",
      files: { ...workflow("A", "uses: B\nwith:\n  path: context.path"), ...workflow("B", "", { index: INPUTS }) },
      problems: ["INPUT_MISSING A/s.md:2"],
      says: ['The inputs of "B" require "module"', "with: {module: context.module}", "as: module"],
    },
    {
      what: "an input by nearly its name",
      files: {
        ...workflow("A", "uses: B\nwith:\n  modul: context.path"),
        ...workflow("B", "", { index: "inputs: {properties: {module: {}}, required: [module]}" }),
      },
      problems: ["INPUT_MISSING A/s.md:2"],
      says: ['Did you mean "module" by "modul"?'],
    },
    {
      what: "a key that the inputs refuse",
      files: {
        ...workflow("A", "uses: B\neach: [1]\nas: module\nwith:\n  path: context.path\n  pth: context.path"),
        ...workflow("B", "", { index: INPUTS }),
      },
      problems: ["WITH_REFUSED A/s.md:7"],
      says: ['take no "pth"', 'Did you mean "path"?'],
    },
    {
      what: "an item that the inputs refuse",
      files: { ...workflow("A", "uses: B\neach: [1]\nwith: {module: '1'}"), ...workflow("B", "", { index: INPUTS }) },
      problems: ["WITH_REFUSED A/s.md:2"],
      says: ['take no "item", which holds the item', '"as" names the key'],
    },
  ];
  test.each(cases.map((each) => [each.what, each] as const))(
    "%s",
    (_, { files, of = "A", problems: expected, says = [] }) => {
      const found = problems(link(files), of);
      expect(places(found)).toEqual(expected);
      const [first] = found;
      for (const text of says) expect(`${first?.message}\n${first?.hint}`).toContain(text);
      expect(first?.source).toBeTruthy();
    },
  );

  test("and a long ring is told shortly, and many rings in time", () => {
    const count = 300;
    const ring = (each: number) =>
      Array.from({ length: count }, (_, at) => {
        const used = Array.from({ length: each }, (_, step) => `R${(at + 1 + 7 * step) % count}`);
        return workflow(`R${at}`, `uses: [${used.join(", ")}]`);
      });
    const [only] = problems(link(Object.assign({}, ...ring(1))), "R7");
    expect(only?.message).toEndWith('"R7" → "R8" → "R9" → "R10" → "R11" → … → "R6" → "R7"');
    const found = Object.assign({}, ...ring(40));
    const started = performance.now();
    expect([...link(found).values()].some(({ ok }) => ok)).toBe(false);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  test("and hides no other", () => {
    const linked = link({
      ...workflow("A", "uses: B"),
      ...workflow("B", "max_visits: x"),
      ...workflow("C", "uses: D"),
      ...workflow("D"),
    });
    expect([...linked].filter(([, { ok }]) => ok).map(([name]) => name)).toEqual(["C", "D"]);
  });

  test("not: inputs that take what is given", () => {
    const closed = workflow("B", "", { index: INPUTS });
    loaded(link({ ...workflow("A", "uses: B\neach: [a]\nas: module"), ...closed }), "A");
    loaded(link({ ...workflow("A", "uses: B\nwith: {module: context.m, path: context.p}"), ...closed }), "A");
    loaded(
      link({
        ...workflow("A", "uses: B\nwith: {more: context.m}"),
        ...workflow("B", "", { index: "inputs: {properties: {a: {}}}" }),
      }),
      "A",
    );
  });
});

test("a tree is whole if and only if each of it is there and right, none is in a ring, and it is not too deep", () => {
  const names = ["A", "B", "C", "D", "E", "F", "G", "H"];
  // Mostly forwards: else nearly every graph has rings.
  const used = (from: number) =>
    fc.uniqueArray(
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...names.slice(from + 1), "H") },
        { weight: 1, arbitrary: fc.constantFrom(...names, "GONE") },
      ),
      { maxLength: 3 },
    );
  const graph = fc.tuple(
    ...names.map((_, at) => fc.tuple(at === 7 ? fc.constant<string[]>([]) : used(at), fc.nat(20))),
  );
  fc.assert(
    fc.property(graph, (all) => {
      const leads = new Map(names.map((name, at) => [name, all[at]?.[0] ?? []]));
      const broken = new Set(names.filter((_, at) => all[at]?.[1] === 0));
      const files = names.map((name) => {
        const used = leads.get(name) ?? [];
        const front = used.length > 0 ? `uses: [${used.join(", ")}]` : "max_visits: 1";
        return workflow(name, broken.has(name) ? `${front}\nwait: x` : front);
      });
      /** How far the tree goes down; infinite if something is wrong in it. */
      const depth = (name: string, above: readonly string[] = []): number => {
        if (!leads.has(name) || broken.has(name) || above.includes(name)) return Number.POSITIVE_INFINITY;
        return Math.max(0, ...(leads.get(name) ?? []).map((each) => 1 + depth(each, [...above, name])));
      };
      for (const [name, each] of link(Object.assign({}, ...files))) {
        expect(each.ok).toBe(depth(name) <= MAX_BRANCH_DEPTH);
        if (each.ok) expect(Object.keys(each.loaded.workflow.used ?? {})).toEqual(leads.get(name) ?? []);
        else expect(each.problems.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 2_500, markInterruptAsFailure: false },
  );
});

describe("several at once", () => {
  const warnings = (front: string, used: string, more = {}) =>
    (loaded(link({ ...workflow("A", front), ...workflow("B", used), ...more }), "A").warnings ?? []).map(
      ({ code, file, line, message }) => `${code} ${file}:${line} ${message}`,
    );

  test.each([
    ["checks: [{run: make}]", '"run"'],
    ["checks: [{changed: a}, {unchanged: b}]", '"changed" and "unchanged"'],
    ["edits: none", '"edits"'],
    ["run: make", '"run"'],
  ])("is a warning if they have %s", (used, kinds) => {
    expect(warnings("uses: B\nmax_parallel: 3", used)).toEqual([expect.stringContaining(`"S" of "B" has ${kinds}`)]);
    expect(warnings("uses: B\nmax_parallel: context.n", used)[0]).toStartWith("PARALLEL_FILES A/s.md:3");
    expect(warnings("uses: B\nmax_parallel: 1", used)).toEqual([]);
    expect(warnings("uses: B", used)).toEqual([]);
  });

  test("is none if they have a file or a command of the server's", () => {
    expect(warnings("uses: B\nmax_parallel: 3", "checks: [{file: a}, {command: test}]")).toEqual([]);
  });

  test("is one also further down, told once, and of private ones where they are used", () => {
    const below = { ...workflow("C", "run: make") };
    const twice = { ...below, ...workflow("D", "uses: C") };
    expect(warnings("uses: [B, D]\nmax_parallel: 3", "uses: C", twice)).toEqual([
      expect.stringContaining('"S" of "C"'),
    ]);
    const inPrivate = { ...workflow("A/own", "uses: C\nmax_parallel: 2"), ...below };
    expect(warnings("uses: ./own", "", inPrivate)).toEqual([expect.stringContaining("PARALLEL_FILES A/own/s.md:3")]);
  });
});

describe("on disk", () => {
  function setUp(files: Record<string, string>) {
    const directory = join(scratchDir(), "defs");
    mkdirSync(directory);
    writeFiles(directory, files);
    const watched = watchDirectory(directory, JUDGES);
    let now = Date.now() + 10_000;
    const scan = () => {
      now += 10 * SETTLE_MS;
      return watched.scan(now);
    };
    const linked = () =>
      linkWorkflows(
        new Map([...scan()].map(([name, result]: [string, ParseResult]) => [name, { result, trusted: true }])),
      );
    return { directory, linked, scan, path: (name: string) => join(directory, name) };
  }
  const FILES = {
    ...workflow("A", "uses: ./own/deep"),
    ...workflow("A/own/deep", "uses: B"),
    ...workflow("B"),
    ...workflow("OTHER"),
  };

  test("private ones are in no list and no stray, linked from the index or not", () => {
    const { linked } = setUp({
      ...FILES,
      "A/index.md": `# Steps\n${FILES["A/index.md"]}\n# Notes\n- [its step](own/deep/t.md)\n`,
      "A/own/deep/t.md": STEP,
    });
    const all = linked();
    expect([...all.keys()]).toEqual(["A", "B", "OTHER"]);
    expect(loaded(all, "A").warnings).toBeUndefined();
  });

  test("a directory without an end, by links that lead back, is read to the deepest level and no further", () => {
    const { linked, path } = setUp({
      ...workflow("A", "uses: ./p"),
      ...workflow("B", "uses: [./p, ./q, ./r, ./s]"),
      ...workflow("C"),
    });
    symlinkSync(".", path("A/p"));
    for (const name of ["p", "q", "r", "s"]) symlinkSync(".", path(`B/${name}`));
    const all = linked();
    expect(problems(all, "A").map(({ code }) => code)).toContain("USES_TOO_DEEP");
    expect(problems(all, "B").map(({ code }) => code)).toContain("USES_TOO_MANY");
    loaded(all, "C");
  });

  test("an edit of any file of the tree is picked up, and changes the hashes above it alone", () => {
    const { linked, path, scan } = setUp(FILES);
    const hashes = () => new Map([...linked()].map(([name, each]) => [name, each.ok ? each.loaded.hash : "broken"]));
    const first = hashes();
    expect(scan()).toBe(scan());
    writeFileSync(path("A/own/deep/s.md"), FILES["A/own/deep/s.md"]?.replace("Go on.", "Go on!") ?? "");
    const second = hashes();
    expect([...second.keys()].filter((name) => second.get(name) !== first.get(name))).toEqual(["A"]);
    writeFileSync(path("B/s.md"), FILES["B/s.md"]?.replace("Do it.", "Do that.") ?? "");
    const third = hashes();
    expect([...third.keys()].filter((name) => third.get(name) !== second.get(name))).toEqual(["A", "B"]);
    rmSync(path("A/own"), { recursive: true });
    expect(hashes().get("A")).toBe("broken");
    writeFiles(path("."), workflow("A/own/deep"));
    expect(hashes().get("A")).not.toBe("broken");
  });
});

test("what would run of private ones is told with the workflow that has them, and of no other", () => {
  const linked = link({
    ...workflow("A", "uses: [./own, B]"),
    ...workflow("A/own", "uses: ./deep"),
    ...workflow("A/own/deep", "checks: [{command: deep}]"),
    ...workflow("B", "checks: [{command: other}]"),
  });
  const permission = { allowed: false, commands: new Map() };
  const told = whatHere(loaded(linked, "A"), { permission }).checks.map(({ check }) => check);
  expect(told).toEqual(["deep"]);
});

test("a workflow uses those of other places by the name that wins", () => {
  const builtin = { ...workflow("A", "uses: B"), ...workflow("B") };
  const found = new Map<string, Found>([
    ["A", { result: parseWorkflow("A", memoryFiles(builtin), JUDGES), trusted: true }],
    ["B", { result: parseWorkflow("B", memoryFiles(workflow("B", "", { text: "More.\n" })), JUDGES), trusted: false }],
  ]);
  const used = loaded(linkWorkflows(found), "A").workflow.used?.["B"];
  expect(used).toMatchObject({ trusted: false });
  expect(used?.workflow.steps[0]?.instructions).toContain("More.");
});
