/** `approval` in front matter and in routes: what it means, and every way in which it can be wrong. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ASK, MAX_SHOWN } from "../../src/markdown/approval-extra.ts";
import { fillTemplate } from "../../src/template.ts";
import type { Approval, Shown } from "../../src/workflow.ts";
import { parse, parseIndexWith, placesOf, problemsOf, STEP, workflowOf } from "./support.ts";

const INDEX = "# Steps\n- [A](a.md)\n- [Rework](b.md)\n";
const fenced = (...lines: string[]) => `---\n${lines.join("\n")}\n---\n`;
const withFront = (yaml: string, routes: string[] = []) =>
  parseIndexWith(INDEX, { "W/a.md": fenced(yaml) + STEP + routesText(routes) });
/** The first route stands five lines below the front matter. */
const routesText = (routes: string[]) =>
  routes.length > 0 ? `# Routes\n${routes.map((each) => `- ${each}\n`).join("")}` : "";
const approvalOf = (yaml: string) => workflowOf(withFront(yaml)).steps[0]?.approval;

const file = (path: string): Shown => ({ kind: "file", path });
const context = (...path: string[]): Shown => ({ kind: "context", path });
const changes: Shown = { kind: "changes" };

describe("approval in front matter", () => {
  test.each<[string, Approval]>([
    ["approval: true", {}],
    [
      "approval:\n  ask: Deploy {{ context.version }} to production?\n  show: [context.version, docs/release.md, changes]\n  expires: 24h\n  denied: Rework",
      {
        ask: "Deploy {{ context.version }} to production?",
        show: [context("version"), file("docs/release.md"), changes],
        expires: 86_400,
        denied: "Rework",
      },
    ],
    ["approval:\n  ask: |\n    Deploy?\n    {{context.a.b-c}}", { ask: "Deploy?\n{{context.a.b-c}}" }],
    ["approval: {show: changes}", { show: [changes] }],
    ["approval: {show: context.a.b_c.0.größe}", { show: [context("a", "b_c", "0", "größe")] }],
    [
      "approval: {show: [LICENSE, content.md, .env.example, a b.md]}",
      { show: ["LICENSE", "content.md", ".env.example", "a b.md"].map(file) },
    ],
    ["approval: {show: ['app/[id]/page.tsx']}", { show: [file("app/[id]/page.tsx")] }],
    // A file that is named like something else that can be shown.
    ["approval: {show: [./changes, changes]}", { show: [file("./changes"), changes] }],
    ["approval: {show: [./context.md, context.md]}", { show: [file("./context.md"), context("md")] }],
    ["approval: {show: [./configure, .//docs/./a.md]}", { show: [file("configure"), file("docs/a.md")] }],
    ["approval: {denied: FINISH}", { denied: "FINISH" }],
    ["next: [Rework, FAIL]\napproval: {denied: FAIL}", { denied: "FAIL" }],
  ])("%j is understood", (yaml, approval) => {
    expect(approvalOf(yaml)).toEqual(approval);
  });

  const MAPPING = "must be true, or a mapping of ask, show, expires, denied; it is";
  const MANY = Array.from({ length: MAX_SHOWN + 1 }, (_, at) => `f${at}.md`).join(", ");
  /** The front matter, `CODE line` of each problem, the whole message of the first one, and what its hint says. */
  test.each<[string, string[], string, string]>([
    ["approval: false", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "false"`, "without it nobody is asked"],
    ["approval: 'no'", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "no"`, "Remove the key"],
    ["\napproval:", ["APPROVAL_INVALID 3"], `"approval" ${MAPPING} empty`, '"approval: true"'],
    ["approval: ~", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} empty`, '"approval: true"'],
    ["approval: yes", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "yes"`, '"approval: true", without quotes'],
    ["approval: 'true'", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "true"`, "without quotes"],
    ["approval: 2", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "2"`, '"approval: true"'],
    ["approval: [changes]", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} a list`, '"approval: {show: [changes]}"'],
    ["approval:\n- ask: Go?", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} a list`, '"approval: true"'],
    ["approval: Deploy it?", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "Deploy it?"`, 'ask: "Deploy it?"'],
    ["approval: Deploy?", ["APPROVAL_INVALID 2"], `"approval" ${MAPPING} "Deploy?"`, 'ask: "Deploy?"'],
    [
      "approval: {}",
      ["APPROVAL_INVALID 2"],
      '"approval" must be a mapping of ask, show, expires, denied; it is empty',
      "approval: true",
    ],
    [
      "approval:\n  ask: Go?\n  shows: [changes]",
      ["FRONT_MATTER_UNKNOWN_KEY 4"],
      '"approval" has no key "shows"',
      'Did you mean "show"?',
    ],
    ["approval: {by: Ada}", ["FRONT_MATTER_UNKNOWN_KEY 2"], '"approval" has no key "by"', "ask, show, expires, denied"],
    ["Approval: true", ["FRONT_MATTER_UNKNOWN_KEY 2"], 'The front matter has no key "Approval"', '"approval"?'],
    // ask
    ["approval:\n  ask:", ["APPROVAL_INVALID 3"], '"ask" must be a question in words; it is empty', "leave it out"],
    ["approval:\n  ask: ' '", ["APPROVAL_INVALID 3"], '"ask" must be a question in words; it is empty', "leave it out"],
    ["approval:\n  ask: true", ["APPROVAL_INVALID 3"], '"ask" must be a question in words; it is "true"', "ask: "],
    ["approval:\n  ask: [Go?]", ["APPROVAL_INVALID 3"], '"ask" must be a question in words; it is a list', "ask: "],
    [
      `approval:\n  ask: ${"x".repeat(MAX_ASK + 1)}`,
      ["APPROVAL_INVALID 3"],
      '"ask" has 1001 characters, and 1000 are the most',
      '"show"',
    ],
    [
      "approval:\n  ask: '{% if context.x %}Go?'",
      ["APPROVAL_INVALID 3"],
      '"ask" holds "{% if context.x %}", and nothing is filled in there but {{ context.key }}',
      "Liquid is for Client Instructions only",
    ],
    [
      "template: liquid\napproval:\n  ask: '{{ context.a | upcase }}?'",
      ["APPROVAL_INVALID 4"],
      '"ask" holds "{{ context.a | upcase }}", and nothing is filled in there but {{ context.key }}',
      "alone",
    ],
    [
      "approval:\n  ask: In {{ run.files }}?",
      ["APPROVAL_INVALID 3"],
      '"ask" holds "{{ run.files }}", and nothing is filled in there but {{ context.key }}',
      "{{ context.version }}",
    ],
    [
      "approval:\n  ask: Go to {{ x?",
      ["APPROVAL_INVALID 3"],
      '"ask" holds "{{", and nothing is filled in there but {{ context.key }}',
      "{{ context.version }}",
    ],
    ["approval:\n  ask: {{ context.x }}", ["FRONT_MATTER_SYNTAX 3"], "A key of the front matter is no text", "quotes"],
    // show
    ["approval:\n  show: []", ["APPROVAL_INVALID 3"], '"show" is empty', "leave it out"],
    ["approval:\n  show:", ["APPROVAL_INVALID 3"], '"show" must name what is shown; here it is empty', "changes"],
    [
      "approval:\n  show: {a: b}",
      ["APPROVAL_INVALID 3"],
      '"show" must name what is shown; here it is a mapping',
      "changes",
    ],
    [
      "approval:\n  show:\n  - a.md\n  - true",
      ["APPROVAL_INVALID 5"],
      '"show" must name what is shown; here it is "true"',
      "changes",
    ],
    [
      `approval:\n  show: [${MANY}]`,
      ["APPROVAL_INVALID 3"],
      '"show" has 21 items, and 20 are the most',
      "matters least",
    ],
    ["approval:\n  show:\n  - changes\n  - changes", ["APPROVAL_INVALID 5"], '"show" names "changes" twice', "Remove"],
    ["approval:\n  show:\n  - a.md\n  - ./a.md", ["APPROVAL_INVALID 5"], '"show" names "./a.md" twice', "Remove"],
    [
      "approval:\n  show: Changes",
      ["APPROVAL_INVALID 3"],
      '"show" names "Changes", which is neither "changes" nor a context key',
      'Did you mean "changes"? A file of that name is written "./Changes"',
    ],
    [
      "approval:\n  show: version",
      ["APPROVAL_INVALID 3"],
      '"show" names "version", which is neither "changes" nor a context key',
      'Did you mean "context.version"? A file of that name is written "./version"',
    ],
    [
      "approval:\n  show: contxt.version",
      ["APPROVAL_INVALID 3"],
      '"show" names "contxt.version", which is neither "changes" nor a context key',
      '"context.version"?',
    ],
    [
      "approval:\n  show: '{{ context.a.b }}'",
      ["APPROVAL_INVALID 3"],
      '"show" takes no template values; here it is "{{ context.a.b }}"',
      'Write "context.a.b"',
    ],
    ["approval:\n  show: context", ["APPROVAL_INVALID 3"], '"show" is "context", which names no context key', '"./"'],
    [
      "approval:\n  show: context.a b",
      ["APPROVAL_INVALID 3"],
      '"show" is "context.a b", which names no context key',
      "Join the keys by dots",
    ],
    [
      "approval:\n  show: context.a[0]",
      ["APPROVAL_INVALID 3"],
      '"show" is "context.a[0]", which names no context key',
      "Join the keys by dots",
    ],
    [
      "approval:\n  show: context..a",
      ["APPROVAL_INVALID 3"],
      '"show" is "context..a", which names no context key',
      "Join the keys by dots",
    ],
    [
      "approval:\n  show: /etc/passwd",
      ["APPROVAL_INVALID 3"],
      '"show" is "/etc/passwd", which is not relative to the project',
      "docs/plan.md",
    ],
    [
      "approval:\n  show: ~/x.md",
      ["APPROVAL_INVALID 3"],
      '"show" is "~/x.md", which is not relative to the project',
      "docs/plan.md",
    ],
    [
      "approval:\n  show: C:/x.md",
      ["APPROVAL_INVALID 3"],
      '"show" is "C:/x.md", which is not relative to the project',
      "docs/plan.md",
    ],
    ["approval:\n  show: ../x.md", ["APPROVAL_INVALID 3"], '"show" is "../x.md", which holds ".."', "docs/plan.md"],
    [
      "approval:\n  show: a/../../x.md",
      ["APPROVAL_INVALID 3"],
      '"show" is "a/../../x.md", which holds ".."',
      "docs/plan.md",
    ],
    [
      "approval:\n  show: a\\b.md",
      ["APPROVAL_INVALID 3"],
      '"show" is "a\\b.md", which holds a backslash',
      "docs/plan.md",
    ],
    [
      "approval:\n  show: docs/*.md",
      ["APPROVAL_INVALID 3"],
      '"show" is "docs/*.md", which is no path of one file',
      '"changes"',
    ],
    [
      "approval:\n  show: 'src/{a,b}.ts'",
      ["APPROVAL_INVALID 3"],
      '"show" is "src/{a,b}.ts", which is no path of one file',
      '"changes"',
    ],
    [
      "approval:\n  show: '!src/a.ts'",
      ["APPROVAL_INVALID 3"],
      '"show" is "!src/a.ts", which is no path of one file',
      '"changes"',
    ],
    ["approval:\n  show: docs/", ["APPROVAL_INVALID 3"], '"show" is "docs/", which is a directory', '"changes"'],
    ["approval:\n  show: ./", ["APPROVAL_INVALID 3"], '"show" is "./", which is a directory', '"changes"'],
    [
      "approval:\n  show: |\n    a.md\n    b.md",
      ["APPROVAL_INVALID 3"],
      '"show" holds a line break: "a.md b.md"',
      "List",
    ],
    // expires
    [
      "approval:\n  expires: 24",
      ["APPROVAL_INVALID 3"],
      '"expires" must be a duration; it is "24"',
      '"24s", if seconds',
    ],
    ["approval:\n  expires: never", ["APPROVAL_INVALID 3"], '"expires" must be a duration; it is "never"', '"3d"'],
    ["approval:\n  expires:", ["APPROVAL_INVALID 3"], '"expires" must be a duration; it is empty', '"3d"'],
    // denied
    [
      "approval:\n  denied:",
      ["APPROVAL_INVALID 3"],
      '"denied" must be the name of a step; it is empty',
      "denied: Rework",
    ],
    [
      "approval:\n  denied: [A, Rework]",
      ["APPROVAL_INVALID 3"],
      '"denied" must be the name of a step; it is a list',
      "routes that name",
    ],
    [
      "approval:\n  denied: Reworks",
      ["APPROVAL_TARGET 3"],
      '"denied" names "Reworks", and no step has that name',
      'Did you mean "Rework"?',
    ],
    [
      "next: [A, FINISH]\napproval:\n  denied: Rework",
      ["APPROVAL_TARGET 4"],
      '"denied" leads to "Rework", which "next" does not allow',
      "A, FINISH",
    ],
    [
      "approval:\n  denied: FAIL",
      ["APPROVAL_TARGET 3"],
      '"denied" leads to "FAIL", which neither "next" nor a route of this step names',
      "FAIL included",
    ],
    [
      "approval:\n  denied: A",
      ["LOOP_WITHOUT_AGENT 3"],
      'The loop "A" → "A" needs no agent, and nothing limits it',
      "max_visits: 20",
    ],
    // all at once
    [
      "approval:\n  ask:\n  show: []\n  expires: 1\n  denied: ''\n  why: x",
      [
        "APPROVAL_INVALID 3",
        "APPROVAL_INVALID 4",
        "APPROVAL_INVALID 5",
        "APPROVAL_INVALID 6",
        "FRONT_MATTER_UNKNOWN_KEY 7",
      ],
      '"ask" must be a question in words; it is empty',
      "ask: ",
    ],
  ])("%j is refused", (yaml, places, message, hint) => {
    for (const end of ["\n", "\r\n"]) {
      const result = withFront(yaml.replaceAll("\n", end));
      expect(placesOf(result).map((place) => place.replace(" W/a.md:", " "))).toEqual(places);
      const [first] = problemsOf(result);
      expect(first?.message).toBe(message);
      expect(first?.hint).toContain(hint);
    }
  });

  test("of a question, all that is taken is filled in", () => {
    const piece = fc.constantFrom("{{", "}}", "{%", "%}", "{", " ", "context", ".a", ".b", "run.files", "x", "|", "\n");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const ask = pieces.join("");
        const result = parse({
          "W/index.md": "- [A](a.md)\n",
          "W/a.md": fenced(`approval: {ask: ${JSON.stringify(`Go?${ask}`)}}`) + STEP,
        });
        if (!result.ok) return;
        const filled = fillTemplate(result.workflow.steps[0]?.approval?.ask ?? "", { context: { a: { b: 1 } } });
        expect(filled.replace(/\{\{ *context[^{}]*\}\}/g, "")).not.toMatch(/\{\{|\{%/);
      }),
    );
  });
});

describe("approval where nobody reads it", () => {
  test.each([
    ["approval: true", 2],
    ["name: x\n'approval': {show: [changes]}", 3],
    ["next: A\napproval:\n  ask: Go?", 3],
  ])("as %j in the front matter of an include is a problem", (front, line) => {
    const files = { "W/a.md": `${STEP}{{file:x.md}}\n`, "W/x.md": `${fenced(front)}x\n` };
    const result = parseIndexWith(INDEX, files);
    expect(placesOf(result)).toEqual([`INCLUDE_FRONT_MATTER W/x.md:${line}`]);
    expect(problemsOf(result)[0]?.hint).toContain('in the front matter of "W/a.md"');
  });

  test("the front matter that an include brings to the top of a step counts as its own", () => {
    const files = {
      "W/a.md": `{{file:x.md}}\n# Client Instructions\nDo it.\n`,
      "W/x.md": `${fenced("approval: true")}# Orchestrator Guidance\nGo on.\n`,
    };
    expect(workflowOf(parseIndexWith(INDEX, files)).steps[0]?.approval).toEqual({});
  });
});

describe("a route that names approval", () => {
  const about = (routes: string[]) => workflowOf(withFront("approval: true\nmax_visits: 9", routes)).steps[0]?.routes;

  test.each([
    ["approval.denied", true],
    ["!approval.denied && report.status == 'success'", true],
    ["report.status == 'x' || approval.comment.contains('later')", true],
    ["has(approval.denied)", true],
    ["context.l.exists(a, a == approval.comment)", true],
    ["[approval].exists(approval, approval.denied)", true],
    ["context.x == 'approval'", false],
    ["context.approval", false],
    ["context.approval.denied == true", false],
    ["{'approval': true}.approval", false],
    ["context.l.exists(approval, approval == 1)", false],
    ["visits > 1 // approval.denied", false],
  ])("%j is told from others by its tree: %j", (when, isAbout) => {
    const route = isAbout ? { when, to: "Rework", about: "approval" } : { when, to: "Rework" };
    expect<unknown>(about([`\`${when}\` → Rework`, "otherwise → FINISH"])).toEqual([
      route,
      { when: null, to: "FINISH" },
    ]);
  });

  test("is a problem in a step that asks nobody", () => {
    const result = withFront("max_visits: 2", ["`visits > 1` → FINISH", "`approval.denied` → Rework"]);
    expect(placesOf(result)).toEqual(["ROUTE_APPROVAL W/a.md:10"]);
    const [problem] = problemsOf(result);
    expect(problem?.message).toBe('The route to "Rework" names "approval", and nobody is asked for one in this step');
    expect(problem?.hint).toContain('Add "approval: true" to the front matter');
    // What is wrong with the key is told alone.
    expect(placesOf(withFront("approval: 3", ["`approval.denied` → Rework"]))).toEqual(["APPROVAL_INVALID W/a.md:2"]);
  });

  test.each([
    ["approval.denid", "No such key: denid"],
    ["approval.comment", "it is of type string, not bool"],
    ["approval.comment == 3", "no such overload"],
    ["approval", "not bool"],
  ])("as %j is a problem, since it would never be true", (when, says) => {
    const result = withFront("approval: true", [`\`${when}\` → Rework`]);
    expect(placesOf(result)).toEqual(["ROUTE_EXPRESSION W/a.md:9"]);
    expect(problemsOf(result)[0]?.message).toContain(says);
  });

  test("keeps to next, and may stand beside denied", () => {
    expect(placesOf(withFront("next: [A, FINISH]\napproval: true", ["`approval.denied` → Rework"]))).toEqual([
      "ROUTE_NOT_IN_NEXT W/a.md:10",
    ]);
    expect(placesOf(withFront("approval: {denied: FINISH}", ["`approval.comment != ''` → Rework"]))).toEqual([]);
  });
});

/** Parses a workflow of these steps, each given as front matter and routes. */
function parseSteps(steps: Record<string, [front: string, ...routes: string[]]>, indexFront = "") {
  const files = Object.entries(steps).map(([name, [front, ...routes]]) => [
    `W/${name}.md`,
    (front ? fenced(front) : "") + STEP + routesText(routes),
  ]);
  const links = Object.keys(steps).map((name) => `- [${name}](${name}.md)\n`);
  return parse({ "W/index.md": `${indexFront}# Steps\n${links.join("")}`, ...Object.fromEntries(files) });
}

describe("a loop through denials alone", () => {
  const denied = (name: string, ...more: string[]): [string] => [[`approval: {denied: ${name}}`, ...more].join("\n")];

  test.each<[string, Parameters<typeof parseSteps>[0], string]>([
    ["of two steps", { A: denied("B"), B: denied("A") }, "W/B.md:2"],
    ["by a route", { A: ["approval: true", "`approval.denied` → A", "otherwise → FINISH"] }, "W/A.md:9"],
    ["with a program", { A: ["run: make\nnext: B"], B: denied("A") }, "W/B.md:2"],
    ["with a deadline", { A: ["deadline: {after: 2h, then: B}"], B: denied("A") }, "W/B.md:2"],
  ])("%s is a problem where it closes", (_, steps, place) => {
    expect(placesOf(parseSteps(steps))).toEqual([`LOOP_WITHOUT_AGENT ${place}`]);
  });

  test.each<[string, Parameters<typeof parseSteps>[0]]>([
    ["one of its steps has max_visits", { A: denied("B"), B: denied("A", "max_visits: 3") }],
    ["an agent works one of its steps", { A: denied("B"), B: [""] }],
    ["only what an agent reports leads back", { A: ["approval: true", "`visits < 3` → A", "otherwise → FINISH"] }],
    ["a no leads nowhere", { A: ["approval: true"], B: [""] }],
  ])("is none if %s", (_, steps) => {
    expect(placesOf(parseSteps(steps))).toEqual([]);
  });
});

describe("warnings", () => {
  const warningsOf = (...given: Parameters<typeof parseSteps>) => {
    const result = parseSteps(...given);
    workflowOf(result);
    return result.ok ? (result.warnings ?? []) : [];
  };
  const otherwise = "otherwise → FINISH";

  test.each(["approval: {denied: B}", "approval: true"])("know where a no leads: %j", (front) => {
    const isDenied = front.includes("denied");
    const routes = isDenied ? [otherwise] : ["`approval.denied` → B", otherwise];
    expect(warningsOf({ A: [front, ...routes], B: ["", otherwise] })).toEqual([]);
    expect(warningsOf({ A: ["approval: true", otherwise], B: ["", otherwise] })).toMatchObject([
      { code: "STEP_UNREACHABLE" },
    ]);
  });

  test("name a key that a person is shown or asked about, and that nothing sets", () => {
    const inputs = "---\ninputs: {properties: {issue: {type: integer}}}\n---\n";
    const front =
      "approval:\n  ask: Deploy {{ context.issue }} to {{ context.place }}?\n  show: [context.issue, context.release.notes]";
    expect(warningsOf({ A: [front, otherwise] }, inputs)).toMatchObject([
      { code: "KEY_NEVER_SET", line: 3, message: 'The step "A" uses "context.place", and nothing sets it' },
      { code: "KEY_NEVER_SET", line: 4, message: 'The step "A" uses "context.release", and nothing sets it' },
    ]);
    const sets = { B: ["produces: {place: string, release: object}", "otherwise → A"] as [string, string] };
    expect(warningsOf({ ...sets, A: [front, otherwise] }, inputs)).toEqual([]);
  });

  test("ask whether a key is a file", () => {
    const [warning] = warningsOf({ A: ["approval: {show: context.md}", otherwise] });
    expect(warning).toMatchObject({ code: "KEY_NEVER_SET", line: 2 });
    expect(warning?.hint).toContain('if a file is meant, write "./context.md"');
  });
});
