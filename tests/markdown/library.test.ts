/** The list of workflows while files come, change and go. Real files; the clock is ours. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLibrary, RESCAN_MS } from "../../src/markdown/library.ts";
import { afterWork } from "../../src/markdown/reading.ts";
import { MAX_SCAN_MS, SETTLE_MS } from "../../src/markdown/watched-directory.ts";
import { JUDGES } from "../support/judges.ts";
import { scratchDir, workflowFiles, writeFiles } from "../support/workspace.ts";

const ONE = workflowFiles("ONE", { Build: {}, Test: {} });
const LATER = RESCAN_MS + SETTLE_MS;

/** How long this process worked so far: while others have the processor nothing is the library's. */
function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function setUp(files: Record<string, string>, embedded: Record<string, string> | null = null) {
  const directory = join(scratchDir(), "defs");
  mkdirSync(directory);
  writeFiles(directory, files);
  return watch(directory, embedded);
}

/** A library whose clock the test moves; it begins ten seconds ahead, so that all files are old. */
function watch(directory: string, embedded: Record<string, string> | null = null) {
  let offset = 10_000;
  let parsed = 0;
  const library = createLibrary({
    places: [...(embedded ? [{ texts: embedded }] : []), { directory }],
    now: () => Date.now() + offset,
    judges: {
      ...JUDGES,
      checkExpression: (expression, place) => {
        parsed++;
        return JUDGES.checkExpression(expression, place);
      },
    },
  });
  return {
    directory,
    library,
    path: (name: string) => join(directory, name),
    pass: (ms: number) => {
      offset += ms;
    },
    /** As many milliseconds after the file's last change as given. */
    setClockAfter: (name: string, ms: number) => {
      offset = statSync(join(directory, name)).mtimeMs + ms - Date.now();
    },
    /** How many expressions were checked so far: one each time that a workflow with one route is parsed. */
    parsed: () => parsed,
    names: async () => [...(await library.catalog()).workflows.keys()],
    broken: async () => [...(await library.catalog()).invalid.keys()],
    goal: async (name: string) => (await library.catalog()).workflows.get(name)?.workflow.goal,
  };
}

const withGoal = (goal: string) => ({
  ...workflowFiles("ONE", { Build: { routes: ["`visits > 1` → FINISH"] } }, goal),
});
const indexWithGoal = (goal: string) => withGoal(goal)["ONE/index.md"] ?? "";

describe("the list", () => {
  test("holds the directories with an index.md, sorted; not hidden ones, node_modules, files", async () => {
    const files = {
      ...workflowFiles("b", { S: {} }),
      ...workflowFiles("A", { S: {} }),
      ...workflowFiles("ä b", { S: {} }),
    };
    const other = {
      ".git/index.md": "x",
      "A/more.md": "x",
      "SHARED/s.md": "# Orchestrator Guidance\ng\n# Client Instructions\ni\n",
      "A/index.md": "- [S](../SHARED/s.md)\n",
      "node_modules/index.md": "x",
      "index.md": "x",
      "A/sub/index.md": "x",
    };
    const { names, broken, path, library } = setUp({ ...files, ...other });
    symlinkSync("A", path("LINK"));
    expect(await names()).toEqual(["A", "LINK", "b", "ä b"]);
    expect(await broken()).toEqual([]);
    const { workflows } = await library.catalog();
    expect(workflows.get("b")?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(workflows.get("b")?.workflow.name).toBe("b");
  });

  test("shows broken workflows beside the good ones, which stay", async () => {
    const { names, library } = setUp({ ...ONE, "BAD/index.md": "- [A](no.md)\n" });
    expect(await names()).toEqual(["ONE"]);
    const { invalid } = await library.catalog();
    expect(invalid.get("BAD")).toMatchObject([{ code: "STEP_FILE_MISSING", file: "BAD/index.md", line: 1 }]);
  });

  test("of a directory alone does not hold the embedded ones; with them, the directory's win by name", async () => {
    const embedded = { ...workflowFiles("ONE", { Embedded: {} }), ...workflowFiles("TWO", { Embedded: {} }) };
    expect(await setUp(ONE).names()).toEqual(["ONE"]);
    const { library, names } = setUp(ONE, embedded);
    expect(await names()).toEqual(["ONE", "TWO"]);
    const { workflows } = await library.catalog();
    expect(workflows.get("ONE")?.workflow.steps.map(({ name }) => name)).toEqual(["Build", "Test"]);
  });

  test("hides an embedded workflow behind a broken one of its name", async () => {
    const { names, broken } = setUp({ "ONE/index.md": "nothing" }, { ...ONE, ...workflowFiles("TWO", { S: {} }) });
    expect(await names()).toEqual(["TWO"]);
    expect(await broken()).toEqual(["ONE"]);
  });

  test("holds broken embedded workflows as invalid, and no file outside of a workflow", async () => {
    const { names, broken } = setUp(
      {},
      { ...ONE, "BAD/index.md": "nothing", "SHARED/s.md": "x", "ONE/sub/index.md": "x" },
    );
    expect(await names()).toEqual(["ONE"]);
    expect(await broken()).toEqual(["BAD"]);
  });

  test("is not hidden by a defect in the parser", async () => {
    const directory = join(scratchDir(), "defs");
    writeFiles(directory, { ...workflowFiles("BAD", { S: { routes: ["`visits > 1` → FINISH"] } }), ...ONE });
    const checkExpression = () => {
      throw new Error("defect");
    };
    const judges = { ...JUDGES, checkExpression };
    const { workflows, invalid } = await createLibrary({ places: [{ directory }], judges }).catalog();
    expect([...workflows.keys()]).toEqual(["ONE"]);
    expect(invalid.get("BAD")?.[0]).toMatchObject({ code: "PARSER_FAILED", file: "BAD/index.md" });
  });

  test("is read when it is first asked for", async () => {
    const { names, directory } = setUp({});
    writeFiles(directory, ONE);
    expect(await names()).toEqual(["ONE"]);
  });
});

describe("a directory without an index.md", () => {
  const only = async (files: Record<string, string>) => {
    const { invalid } = await setUp({ ...ONE, ...files }).library.catalog();
    return [...invalid].flatMap(([name, problems]) =>
      problems.map(({ code, file, hint }) => ({ name, code, file, hint })),
    );
  };

  test.each([
    [{ "NEW/INDEX.md": "x" }, "NEW/INDEX.md", 'Rename it to "NEW/index.md"'],
    [{ "NEW/Index.markdown": "x" }, "NEW/Index.markdown", 'Rename it to "NEW/index.md"'],
    [{ "NEW/SKILL.md": "x" }, "NEW/SKILL.md", '"NEW/index.md"'],
    [{ "NEW/steps/a.md": "x" }, "NEW/steps/a.md", 'Add "NEW/index.md"'],
    [{ "NEW/OTHER/index.md": "x" }, "NEW/OTHER/index.md", 'Move "NEW/OTHER" up'],
    [{ "NEW/a.md": "x", "index.md": "x" }, "NEW/a.md", "Name the directory above"],
  ])("that holds %j is a problem", async (files, file, way) => {
    expect(await only(files)).toEqual([
      { name: "NEW", code: "INDEX_MISSING", file, hint: expect.stringContaining(way) },
    ]);
  });

  test.each([
    [{ "NEW/a.txt": "x", "NEW/.git/a.md": "x" }],
    [
      {
        "NEW/a.md": "x",
        "NEW/README.md": "x",
        "TWO/index.md": "# Goal\n{{file:../NEW/a.md}}\n# Steps\n- [S](../ONE/steps/build.md)",
      },
    ],
    [
      {
        "NEW/SKILL.md": "x",
        "TWO/index.md": "# Goal\n{{file:../NEW/SKILL.md}}\n# Steps\n- [S](../ONE/steps/build.md)",
      },
    ],
  ])("that holds %j is none", async (files) => {
    expect(await only(files)).toEqual([]);
  });

  test("is not reported while somebody is writing it, and forgotten when it is mended", async () => {
    const { library, directory, broken, names, path, setClockAfter, pass } = setUp(ONE);
    expect(await broken()).toEqual([]);
    writeFiles(directory, { "NEW/steps/s.md": "x" });
    setClockAfter("NEW/steps/s.md", SETTLE_MS / 2);
    expect(await broken()).toEqual([]);
    pass(LATER);
    expect(await broken()).toEqual(["NEW"]);
    const first = await library.catalog();
    pass(LATER);
    expect(await library.catalog()).toBe(first);
    writeFiles(directory, workflowFiles("NEW", { S: {} }));
    pass(LATER);
    expect([await names(), await broken()]).toEqual([["NEW", "ONE"], []]);
    rmSync(path("NEW"), { recursive: true });
    pass(LATER);
    expect([await names(), await broken()]).toEqual([["ONE"], []]);
  });
});

test("what reading may take is over after as much work, not after as much waiting for others", async () => {
  const isOver = afterWork(200);
  await Bun.sleep(250);
  expect(isOver()).toBe(false);
  const started = performance.now();
  while (!isOver() && performance.now() - started < 10_000);
  expect(isOver()).toBe(true);
});

test("workflows made to take minutes are answered in seconds, and hide no other", async () => {
  const nested = Array.from({ length: 900 }, (_, depth) => `${"  ".repeat(depth)}- x`).join("\n");
  const slow = [
    nested,
    "> a\n".repeat(250_000),
    "|a|\n".repeat(250_000),
    `${"- ".repeat(49)}x\n{\n`.repeat(9_000),
    "<a\n".repeat(250_000),
  ];
  const files = slow.flatMap((text, at) =>
    [0, 1, 2].map((copy) => [`BIG_${at}_${copy}/index.md`, `${text}\n- [A](a.md)\n`]),
  );
  const { library, pass, broken } = setUp({ ...ONE, ...Object.fromEntries(files) });
  const started = workedMs();
  expect([...(await library.catalog()).workflows.keys()]).toEqual(["ONE"]);
  expect(await broken()).toHaveLength(files.length);
  expect(workedMs() - started).toBeLessThan(2 * MAX_SCAN_MS);
  pass(LATER);
  const again = workedMs();
  await library.catalog();
  expect(workedMs() - again).toBeLessThan(2 * MAX_SCAN_MS);
});

describe("while nothing changes", () => {
  test("the same catalogue is handed out, and nothing is parsed again", async () => {
    const { library, pass, parsed } = setUp(withGoal("old"));
    const first = await library.catalog();
    pass(60_000);
    expect(await library.catalog()).toBe(first);
    expect(parsed()).toBe(1);
  });

  test("a touched file brings no new catalogue", async () => {
    const { library, pass, path, parsed } = setUp(withGoal("old"));
    const first = await library.catalog();
    utimesSync(path("ONE/index.md"), 1, 1);
    pass(LATER);
    expect(await library.catalog()).toBe(first);
    expect(parsed()).toBe(2);
  });

  test("only the workflow that changed is parsed again", async () => {
    const { library, pass, path, parsed } = setUp({
      ...withGoal("old"),
      ...workflowFiles("TWO", { S: { routes: ["`visits > 1` → S"] } }),
    });
    const { workflows: before } = await library.catalog();
    expect(parsed()).toBe(2);
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    pass(LATER);
    const { workflows: after } = await library.catalog();
    expect(parsed()).toBe(3);
    expect(after.get("TWO")?.workflow).toBe(before.get("TWO")?.workflow);
    expect(after.get("ONE")?.hash).not.toBe(before.get("ONE")?.hash);
  });

  test("files are looked at once in a while, not at every call", async () => {
    const { goal, pass, path, setClockAfter } = setUp(withGoal("old"));
    setClockAfter("ONE/index.md", 60_000);
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    utimesSync(path("ONE/index.md"), 1, 1);
    expect(await goal("ONE")).toBe("old");
    pass(RESCAN_MS);
    expect(await goal("ONE")).toBe("new");
  });
});

describe("an edit", () => {
  test("is served when it has settled, and not before", async () => {
    const { goal, path, setClockAfter, pass } = setUp(withGoal("old"));
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    setClockAfter("ONE/index.md", SETTLE_MS / 2);
    expect(await goal("ONE")).toBe("old");
    pass(RESCAN_MS);
    expect(await goal("ONE")).toBe("new");
  });

  test("in several pieces is served when the last has settled", async () => {
    const { library, goal, path, setClockAfter, broken } = setUp(withGoal("old"));
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), `${indexWithGoal("new")}2. [Extra](steps/extra.md)\n`);
    utimesSync(path("ONE/index.md"), 1, 1);
    writeFileSync(path("ONE/steps/extra.md"), "# Orchestrator Guid");
    setClockAfter("ONE/steps/extra.md", SETTLE_MS / 2);
    expect(await broken()).toEqual([]);
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/steps/extra.md"), "# Orchestrator Guidance\ng\n# Client Instructions\ni\n");
    setClockAfter("ONE/steps/extra.md", LATER);
    const { workflows } = await library.catalog();
    expect(workflows.get("ONE")?.workflow.steps.map(({ name }) => name)).toEqual(["Build", "Extra"]);
  });

  test("of a step, an include, or of what was missing is seen", async () => {
    const { pass, path, broken, library } = setUp({
      ...ONE,
      "TWO/index.md": "- [A](a.md)\n- [B](b.md)\n",
      "TWO/a.md": "{{file:../SHARED/s.md}}\n",
      "SHARED/s.md": "x",
    });
    expect(await broken()).toEqual(["TWO"]);
    writeFileSync(path("TWO/b.md"), "# Orchestrator Guidance\ng\n# Client Instructions\ni\n");
    writeFileSync(path("SHARED/s.md"), "# Orchestrator Guidance\ng\n# Client Instructions\nshared\n");
    pass(LATER);
    const { workflows } = await library.catalog();
    expect(workflows.get("TWO")?.workflow.steps[0]?.instructions).toBe("shared");
    rmSync(path("TWO/b.md"));
    pass(LATER);
    expect(await broken()).toEqual(["TWO"]);
  });

  test("that breaks a workflow takes it from the list, one that mends it brings it back", async () => {
    const { pass, path, names, broken } = setUp(ONE);
    expect(await names()).toEqual(["ONE"]);
    writeFileSync(path("ONE/index.md"), "nothing");
    pass(LATER);
    expect([await names(), await broken()]).toEqual([[], ["ONE"]]);
    writeFileSync(path("ONE/index.md"), ONE["ONE/index.md"] ?? "");
    pass(LATER);
    expect([await names(), await broken()]).toEqual([["ONE"], []]);
  });

  test("by way of another file, which leaves a gap, is not seen as a deletion", async () => {
    const { names, path, setClockAfter, pass, goal } = setUp(withGoal("old"));
    expect(await names()).toEqual(["ONE"]);
    renameSync(path("ONE/index.md"), path("ONE/index.md~"));
    setClockAfter("ONE", SETTLE_MS / 2);
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    pass(LATER);
    expect(await goal("ONE")).toBe("new");
  });

  test("dated in the future is seen when it has looked the same for a while", async () => {
    const { goal, path, pass } = setUp(withGoal("old"));
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    utimesSync(path("ONE/index.md"), 4e9, 4e9);
    pass(RESCAN_MS);
    expect(await goal("ONE")).toBe("old");
    pass(RESCAN_MS);
    expect(await goal("ONE")).toBe("new");
  });

  test("at the time of the first reading is not missed: the files are read again when they have settled", async () => {
    const { goal, setClockAfter, pass, parsed } = setUp(withGoal("old"));
    setClockAfter("ONE/steps/build.md", 1);
    expect(await goal("ONE")).toBe("old");
    pass(LATER);
    expect(await goal("ONE")).toBe("old");
    expect(parsed()).toBe(2);
    pass(LATER);
    expect(await goal("ONE")).toBe("old");
    expect(parsed()).toBe(2);
  });

  test("is seen although the clock was set back", async () => {
    const { goal, path, pass } = setUp(withGoal("old"));
    pass(1e9);
    expect(await goal("ONE")).toBe("old");
    writeFileSync(path("ONE/index.md"), indexWithGoal("new"));
    pass(-1e9);
    expect(await goal("ONE")).toBe("new");
  });
});

describe("a workflow", () => {
  test("that comes later is listed when it has settled, and goes when it is deleted", async () => {
    const { names, directory, path, setClockAfter, pass } = setUp(ONE);
    expect(await names()).toEqual(["ONE"]);
    writeFiles(directory, workflowFiles("TWO", { S: {} }));
    setClockAfter("TWO/steps/s.md", SETTLE_MS / 2);
    expect(await names()).toEqual(["ONE"]);
    pass(RESCAN_MS);
    expect(await names()).toEqual(["ONE", "TWO"]);
    rmSync(path("ONE"), { recursive: true });
    pass(LATER);
    expect(await names()).toEqual(["TWO"]);
  });

  test("goes and comes with the definitions directory, and the embedded one takes its place", async () => {
    const { goal, directory, pass } = setUp(withGoal("local"), { ...workflowFiles("ONE", { S: {} }, "embedded") });
    expect(await goal("ONE")).toBe("local");
    renameSync(directory, `${directory}-away`);
    pass(RESCAN_MS);
    expect(await goal("ONE")).toBe("embedded");
    renameSync(`${directory}-away`, directory);
    pass(LATER);
    expect(await goal("ONE")).toBe("local");
  });

  test("is listed when its directory comes after the library", async () => {
    const { directory, names, pass } = watch(join(scratchDir(), "workflows"));
    expect(await names()).toEqual([]);
    writeFiles(directory, ONE);
    pass(LATER);
    expect(await names()).toEqual(["ONE"]);
  });

  test("is not looked for in a file", async () => {
    const { names, directory } = watch(join(scratchDir(), "workflows"));
    writeFileSync(directory, "x");
    expect(await names()).toEqual([]);
  });
});

test("by the real clock, an edit is seen within a second", async () => {
  const directory = join(scratchDir(), "defs");
  writeFiles(directory, withGoal("old"));
  const library = createLibrary({ places: [{ directory }], judges: JUDGES });
  const goal = async () => (await library.catalog()).workflows.get("ONE")?.workflow.goal;
  expect(await goal()).toBe("old");
  writeFileSync(join(directory, "ONE/index.md"), indexWithGoal("new"));
  const written = performance.now();
  while ((await goal()) !== "new" && performance.now() - written < 5000) await Bun.sleep(20);
  expect(performance.now() - written).toBeLessThan(1000);
});

test("no reader ever sees a half-written workflow, however slowly the writer goes about it", async () => {
  const versions = ["one", "two", "three"].map((mark) =>
    workflowFiles("ONE", { Build: { instructions: mark }, Test: { instructions: mark } }, mark),
  );
  const directory = join(scratchDir(), "defs");
  writeFiles(directory, versions[0] ?? {});
  let clock = Date.now() + 10_000;
  const library = createLibrary({ places: [{ directory }], judges: JUDGES, now: () => clock });
  const look = async () => {
    const { workflows, invalid } = await library.catalog();
    const workflow = workflows.get("ONE")?.workflow;
    const marks = [workflow?.goal, ...(workflow?.steps ?? []).map(({ instructions }) => instructions)];
    return { marks, invalid: invalid.size };
  };
  const whole = (mark: string) => ({ marks: [mark, mark, mark], invalid: 0 });
  const writePiece = (path: string, text: string) => {
    clock += RESCAN_MS;
    writeFileSync(path, text);
    utimesSync(path, new Date(clock - SETTLE_MS + 1), new Date(clock - SETTLE_MS + 1));
  };
  expect(await look()).toEqual(whole("one"));
  for (const [at, mark] of ["two", "three"].entries()) {
    const before = ["one", "two"][at] ?? "";
    for (const [path, text] of Object.entries(versions[at + 1] ?? {})) {
      for (let length = 0; length < text.length + 40; length += 40) {
        writePiece(join(directory, path), text.slice(0, length));
        expect(await look()).toEqual(whole(before));
      }
    }
    clock += RESCAN_MS;
    expect(await look()).toEqual(whole(mark));
  }
});
