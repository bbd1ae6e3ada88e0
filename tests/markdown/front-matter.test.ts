/** Front matter: what each key means, and every way in which it can be wrong. */
import { describe, expect, test } from "bun:test";
import { MAX_CHECKS } from "../../src/check.ts";
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from "../../src/check-kinds/forms.ts";
import { MAX_FRONT_MATTER } from "../../src/markdown/front-matter.ts";
import { MAX_SETS } from "../../src/markdown/server-step.ts";
import { MAX_VALUES } from "../../src/markdown/value-schemas.ts";
import { Workflow } from "../../src/workflow.ts";
import { parseIndexWith, placesOf, problemsOf, routedStep, STEP, workflowOf } from "./support.ts";

const LINKS = "- [A](a.md)\n- [Run Unit Tests](b.md)\n";
const fenced = (...lines: string[]) => `---\n${lines.join("\n")}\n---\n`;
const inStep = (front: string, body = STEP) => parseIndexWith(LINKS, { "W/a.md": front + body });
const inIndex = (front: string) => parseIndexWith(front + LINKS);

const RUN = { kind: "run", timeout: DEFAULT_TIMEOUT_S };

describe("a step's front matter", () => {
  const good: [string, object][] = [
    ["next: FINISH", { next: ["FINISH"] }],
    ["next: [A, Run Unit Tests, FINISH]", { next: ["A", "Run Unit Tests", "FINISH"] }],
    ["next:\n  - A\n  - FINISH", { next: ["A", "FINISH"] }],
    [
      "produces:\n  test_exit_code: integer\n  files: {type: array, items: {type: string}}\n  any: {}",
      {
        produces: {
          test_exit_code: { type: "integer" },
          files: { type: "array", items: { type: "string" } },
          any: {},
        },
      },
    ],
    ["produces:\n  1: string\n  true: boolean", { produces: { 1: { type: "string" }, true: { type: "boolean" } } }],
    [
      "checks:\n  - run: bun test 'a b'",
      { checks: [{ ...RUN, text: "bun test 'a b'", words: ["bun", "test", "a b"] }] },
    ],
    ["checks:\n  - run: true", { checks: [{ ...RUN, text: "true", words: ["true"] }] }],
    [
      "checks:\n  - run: [sleep, 0x10, true, a b, '']",
      {
        checks: [{ ...RUN, text: 'sleep 0x10 true "a b" ""', words: ["sleep", "0x10", "true", "a b", ""] }],
      },
    ],
    [
      "checks:\n  - run: a | b > c\n    shell: true\n    timeout: 7",
      {
        checks: [{ kind: "run", text: "a | b > c", words: ["/bin/sh", "-c", "a | b > c"], timeout: 7 }],
      },
    ],
    [
      "checks:\n  - run: |\n      a\n      b\n    shell: true",
      {
        checks: [{ ...RUN, text: "a\nb", words: ["/bin/sh", "-c", "a\nb"] }],
      },
    ],
    ["checks:\n  - run: a\n    shell: false", { checks: [{ ...RUN, text: "a", words: ["a"] }] }],
    [
      `checks:\n  - command: test\n    timeout: ${MAX_TIMEOUT_S}`,
      {
        checks: [{ kind: "command", name: "test", timeout: MAX_TIMEOUT_S }],
      },
    ],
    [
      "checks:\n- file: docs/a b.md\n- changed: 'src/**'\n- changed: .",
      {
        checks: [
          { kind: "file", path: "docs/a b.md" },
          { kind: "changed", glob: "src/**" },
          { kind: "changed", glob: "." },
        ],
      },
    ],
    ["checks: [{unchanged: 'tests/**'}]", { checks: [{ kind: "unchanged", glob: "tests/**" }] }],
    ["edits: none", { checks: [{ kind: "edits", globs: [] }] }],
    ["edits: None", { checks: [{ kind: "edits", globs: [] }] }],
    ["edits: docs/**", { checks: [{ kind: "edits", globs: ["docs/**"] }] }],
    [
      "checks: [{file: a}]\nedits: [src/**, notes.md]",
      {
        checks: [
          { kind: "edits", globs: ["src/**", "notes.md"] },
          { kind: "file", path: "a" },
        ],
      },
    ],
    ["max_visits: 3", { max_visits: 3 }],
    ["wait: 10m", { wait: 600 }],
    ["deadline: 2h", { deadline: { after: 7_200 } }],
    ["deadline: {after: 90s, then: Run Unit Tests}", { deadline: { after: 90, then: "Run Unit Tests" } }],
    [
      "next: [A, FAIL]\ndeadline:\n  after: 3d\n  then: FAIL",
      { next: ["A", "FAIL"], deadline: { after: 259_200, then: "FAIL" } },
    ],
    ["wait: 365d", { wait: 31_536_000 }],
    ["next: FAIL", { next: ["FAIL"] }],
    ["next: FINISH\nrun: bun test", { next: ["FINISH"], run: { ...RUN, text: "bun test", words: ["bun", "test"] } }],
    ["next: FINISH\nrun: [bun, a b]", { next: ["FINISH"], run: { ...RUN, text: 'bun "a b"', words: ["bun", "a b"] } }],
    [
      "next: FINISH\nrun: {command: test, timeout: 7}\nsets: {code: exit_code, out: output_file}",
      {
        next: ["FINISH"],
        run: { kind: "command", name: "test", timeout: 7 },
        sets: { code: "exit_code", out: "output_file" },
      },
    ],
    [
      "next: FINISH\nrun:\n  run: a | b\n  shell: true\nuntil_passes: {every: 30s, at_most: 1h, while_exit: [8, 1]}\nwait: 1s",
      {
        next: ["FINISH"],
        run: { ...RUN, text: "a | b", words: ["/bin/sh", "-c", "a | b"] },
        until_passes: { every: 30, at_most: 3_600, while_exit: [8, 1] },
        wait: 1,
      },
    ],
    [
      "next: FINISH\nmax_visits: 2\nrun: a\nuntil_passes: {every: 1m, at_most: 1m, while_exit: 8}",
      {
        next: ["FINISH"],
        max_visits: 2,
        run: { ...RUN, text: "a", words: ["a"] },
        until_passes: { every: 60, at_most: 60, while_exit: [8] },
      },
    ],
    ["# nothing", {}],
    ["", {}],
    ["max_visits: 1 # comment\n\nnext: A", { max_visits: 1, next: ["A"] }],
  ];
  test.each(good)("%j is understood", (yaml, extras) => {
    const workflow = workflowOf(inStep(fenced(yaml)));
    const { name, slug, file, guidance, instructions, sections, routes, ...found } = workflow.steps[0] ?? {};
    expect<object>(found).toEqual(extras);
    expect({ guidance, instructions }).toEqual({ guidance: "Go on.", instructions: "Do it." });
    expect(Workflow.parse(workflow)).toEqual(workflow);
  });

  /** Lines between the fences, `CODE line` of each problem, and what the first one says. */
  const bad: [string, string[], string[]][] = [
    ["nxt: A", ["FRONT_MATTER_UNKNOWN_KEY 2"], ['"nxt"', 'Did you mean "next"?']],
    ["\nmax-visits: 1\nNext: A", ["FRONT_MATTER_UNKNOWN_KEY 3", "FRONT_MATTER_UNKNOWN_KEY 4"], ['"max_visits"?']],
    [
      "title: A",
      ["FRONT_MATTER_UNKNOWN_KEY 2"],
      [
        "next, produces, checks, edits, max_visits, sections, template, run, sets, until_passes, wait, deadline, approval",
      ],
    ],
    ["next: A\ninputs: {}", ["FRONT_MATTER_WRONG_FILE 3"], ['"inputs" belongs in index.md, not in a step file']],
    // next
    ["next:", ["NEXT_INVALID 2"], ["empty"]],
    ["next: []", ["NEXT_INVALID 2"], ["empty"]],
    ["next: [A, {b: 1}]", ["NEXT_INVALID 2"], ["a mapping"]],
    ["next: {A: 1}", ["NEXT_INVALID 2"], ["a mapping"]],
    ["next:\n  - A\n  - A", ["NEXT_INVALID 4"], ['"A" twice']],
    ["next:\n  - A\n  - Run unit test\n  - finish", ["NEXT_TARGET 4", "NEXT_TARGET 5"], ['"Run Unit Tests"?']],
    ["next: A, FINISH", ["NEXT_TARGET 2"], ["as a list: [A, FINISH]"]],
    ["next: |\n  A\n  B", ["NEXT_TARGET 2"], ['names "A B"']],
    ["next: Somewhere Else", ["NEXT_TARGET 2"], ['"A", "Run Unit Tests", "FINISH"']],
    // produces
    ["produces: [a]", ["PRODUCES_INVALID 2"], ["a list", "test_exit_code: integer"]],
    ["produces: {}", ["PRODUCES_INVALID 2"], ["is empty"]],
    ["produces:\n  a: interger", ["PRODUCES_INVALID 3"], ['of "a"', 'Did you mean "integer"?']],
    ["produces:\n  a:\n  b: true", ["PRODUCES_INVALID 3", "PRODUCES_INVALID 4"], ["empty", "string, integer"]],
    [
      "produces:\n  a: {$ref: '#/definitions/x', definitions: {x: {type: integer}}}",
      ["PRODUCES_INVALID 3"],
      ["no JSON Schema"],
    ],
    ["produces:\n  a: string\n  b:\n    typ: string", ["PRODUCES_INVALID 4"], ['unknown keyword: "typ"']],
    ["produces:\n  a: {pattern: '('}", ["PRODUCES_INVALID 3"], ["regular expression"]],
    ["produces:\n  ' ': string", ["PRODUCES_INVALID 3"], ["the key is empty"]],
    ["produces:\n  __proto__: string", ["FRONT_MATTER_SYNTAX 3"], ["__proto__"]],
    [`produces:\n${lines(MAX_VALUES + 1, (at) => `  k${at}: string`)}`, ["PRODUCES_INVALID 2"], ["51"]],
    // checks
    ["checks: {run: a}", ["CHECK_INVALID 2"], ["a mapping", "- run: bun test"]],
    ["checks: []", ["CHECK_INVALID 2"], ["is empty"]],
    ["checks: [bun test]", ["CHECK_INVALID 2"], ['"bun test"']],
    [`checks:\n${lines(MAX_CHECKS + 1, (at) => `- run: a ${at}`)}`, ["CHECK_INVALID 2"], ["21"]],
    [
      "checks:\n- run: a\n- cmd: b\n- comand: c",
      ["FRONT_MATTER_UNKNOWN_KEY 4", "FRONT_MATTER_UNKNOWN_KEY 5"],
      ['"cmd"'],
    ],
    ["checks:\n- timout: 3", ["FRONT_MATTER_UNKNOWN_KEY 3"], ['Did you mean "timeout"?']],
    [
      "checks:\n- timeout: 3",
      ["CHECK_INVALID 3"],
      ["exactly one of run, command, file, changed, unchanged, edits; it has none"],
    ],
    ["checks:\n- run: a\n  file: b", ["CHECK_INVALID 3"], ['"run" and "file"', "check of its own"]],
    ["checks:\n- file: a\n- run: a\n\n- file: a", ["CHECK_INVALID 6"], ["second time", "line 3"]],
    ["checks:\n- run: a b\n- run: [a, b]\n  timeout: 5", ["CHECK_INVALID 4"], ["second time"]],
    ["checks:\n- run: a b\n- run: a 'b'", ["CHECK_INVALID 4"], ["second time"]],
    ["checks:\n- run:", ["CHECK_INVALID 3"], ["names no program"]],
    ["checks:\n- run: []", ["CHECK_INVALID 3"], ["names no program"]],
    ["checks:\n- run: ['', a]", ["CHECK_INVALID 3"], ["names no program"]],
    ["checks:\n- run: [a, [b]]", ["CHECK_INVALID 3"], ["words alone"]],
    ["checks:\n- run: {a: b}", ["CHECK_INVALID 3"], ["a mapping"]],
    ["checks:\n- run: a && b", ["CHECK_INVALID 3"], ['"&&" is for a shell', "shell: true", "list of words"]],
    ["checks:\n- run: echo $HOME", ["CHECK_INVALID 3"], ["$HOME"]],
    ["checks:\n- run: echo ${", ["CHECK_INVALID 3"], ["${"]],
    ["checks:\n- run: echo 'it", ["CHECK_INVALID 3"], ["not closed"]],
    ["checks:\n- run: |\n    a\n    b", ["CHECK_INVALID 3"], ["more than one line", "shell: true"]],
    ['checks:\n- run: ["a\\0"]', ["CHECK_INVALID 3"], ["NUL"]],
    ["checks:\n- run: [a]\n  shell: true", ["CHECK_INVALID 3"], ["needs text"]],
    ["checks:\n- run: a\n  shell: yes", ["CHECK_INVALID 4"], ["true or false"]],
    ["checks:\n- file: a\n  shell: true", ["CHECK_INVALID 4"], ["no meaning"]],
    ["checks:\n- changed: a\n  timeout: 5", ["CHECK_INVALID 4"], ["no meaning"]],
    ["checks:\n- run: a\n  timeout: 0", ["CHECK_INVALID 4"], [`1 to ${MAX_TIMEOUT_S}`]],
    ["checks:\n- run: a\n  timeout: 3601", ["CHECK_INVALID 4"], []],
    ["checks:\n- run: a\n  timeout: 1.5", ["CHECK_INVALID 4"], []],
    ["checks:\n- run: a\n  timeout: '5'", ["CHECK_INVALID 4"], []],
    ["checks:\n- command: bun test", ["CHECK_INVALID 3"], ['"bun test"', "--command test="]],
    ["checks:\n- command: 3", ["CHECK_INVALID 3"], []],
    ["checks:\n- file: /etc/passwd", ["CHECK_INVALID 3"], ["not relative"]],
    ["checks:\n- file: ../x", ["CHECK_INVALID 3"], ['".."']],
    ["checks:\n- file: a/../../x", ["CHECK_INVALID 3"], ['".."']],
    ["checks:\n- file: a\\b", ["CHECK_INVALID 3"], ["backslash"]],
    ["checks:\n- file: C:/x", ["CHECK_INVALID 3"], ["not relative"]],
    ["checks:\n- file: ~/x", ["CHECK_INVALID 3"], ["not relative"]],
    ['checks:\n- file: "a\\0"', ["CHECK_INVALID 3"], ["NUL"]],
    ["checks:\n- file: ' '", ["CHECK_INVALID 3"], ["empty"]],
    ["checks:\n- file: ./", ["CHECK_INVALID 3"], ["project itself"]],
    ["checks:\n- file: [a]", ["CHECK_INVALID 3"], ["a list"]],
    ["checks:\n- changed: ':!src'", ["CHECK_INVALID 3"], ['":"', "src/**"]],
    ["checks:\n- changed: '!src/**'", ["CHECK_INVALID 3"], ['"!"']],
    ["checks:\n- changed: 'src/*.{ts,tsx}'", ["CHECK_INVALID 3"], ["braces", "src/**"]],
    ["checks:\n- file: docs/*.md", ["CHECK_INVALID 3"], ['"*"', "globs are for"]],
    ["checks:\n- changed: /src/**", ["CHECK_INVALID 3"], ["not relative"]],
    ["checks:\n- changed:", ["CHECK_INVALID 3"], ["empty"]],
    ["checks:\n- unchanged: /src", ["CHECK_INVALID 3"], ['"unchanged" is "/src"', "not relative"]],
    ["checks:\n- unchanged: a\n  timeout: 5", ["CHECK_INVALID 4"], ["no meaning"]],
    // edits
    ["edits:", ["EDITS_INVALID 2"], ['"edits" is empty', "edits: none"]],
    ["edits: []", ["EDITS_INVALID 2"], ["an empty list", "edits: none"]],
    ["edits: false", ["EDITS_INVALID 2"], ['here it is "false"', "edits: none"]],
    ["edits: [none, src/**]", ["EDITS_INVALID 2"], ['"none" among globs']],
    ["edits: [NONE]", ["EDITS_INVALID 2"], ['"none" among globs']],
    ["edits: ['src/**', '!src/a.ts']", ["EDITS_INVALID 2"], ['"!"', "edits: [src/**"]],
    ["edits: ['{{ context.glob }}']", ["EDITS_INVALID 2"], ["braces"]],
    ["edits: {glob: src}", ["EDITS_INVALID 2"], ["a mapping"]],
    [`edits: [${Array(21).fill("a").join(", ")}]`, ["EDITS_INVALID 2"], ["has 21 globs"]],
    ["checks:\n- run: echo {{ context.x }}", ["CHECK_INVALID 3"], ["no template values", "{{ context.x }}"]],
    ["checks:\n- run: [a, '{{x}}']\n- file: 'a/{{ context.x }}'", ["CHECK_INVALID 3", "CHECK_INVALID 4"], ["template"]],
    ["checks:\n- run: {{ context.x }}", ["FRONT_MATTER_SYNTAX 3"], ["no text", "quotes"]],
    // max_visits
    ["max_visits: 0", ["MAX_VISITS_INVALID 2"], ["1 to 10000"]],
    ["max_visits: 10001", ["MAX_VISITS_INVALID 2"], []],
    ["max_visits: 1.5", ["MAX_VISITS_INVALID 2"], []],
    ["max_visits: '3'", ["MAX_VISITS_INVALID 2"], ["without quotes"]],
    ["max_visits:", ["MAX_VISITS_INVALID 2"], ["empty"]],
    ["max_visits: .inf", ["FRONT_MATTER_SYNTAX 2"], ["finite"]],
    // run
    ["next: FINISH\nrun:", ["RUN_INVALID 3"], ['"run" names no program']],
    ["next: FINISH\nrun: []", ["RUN_INVALID 3"], ["names no program"]],
    [
      "next: FINISH\nrun: {}",
      ["RUN_INVALID 3"],
      ["A program has exactly one of run, command; it has none", "run: [bun, test]"],
    ],
    ["next: FINISH\nrun: {file: a}", ["FRONT_MATTER_UNKNOWN_KEY 3"], ['A program has no key "file"']],
    ["next: FINISH\nrun: {command: x, comand: y}", ["FRONT_MATTER_UNKNOWN_KEY 3"], ['Did you mean "command"?']],
    ["next: FINISH\nrun: {run: a, command: b}", ["RUN_INVALID 3"], ['"run" and "command"', "run: {command: test"]],
    ["next: FINISH\nrun: {command: bun test}", ["RUN_INVALID 3"], ["--command test="]],
    ["next: FINISH\nrun: {command: test, shell: true}", ["RUN_INVALID 3"], ['"shell" has no meaning for "command"']],
    ["next: FINISH\nrun:\n  run: a\n  timeout: 10m", ["RUN_INVALID 5"], ["whole seconds", '"10m"']],
    ["next: FINISH\nrun: a && b", ["RUN_INVALID 3"], ["shell: true"]],
    [
      "next: FINISH\nrun: echo {{ context.x }}",
      ["RUN_INVALID 3"],
      ["A program takes no template values", "{{ context.x }}"],
    ],
    ["next: FINISH\nrun: [a, '{{ context.x }}']", ["RUN_INVALID 3"], ["template"]],
    ["run: a", ["RUN_UNDECIDED 2"], ["Nothing decides", "otherwise"]],
    ["next: [Run Unit Tests, FINISH]\nrun: a", ["RUN_UNDECIDED 3"], []],
    ["next: FINISH\nrun: a\nproduces: {x: string}", ["KEY_BESIDE_RUN 4"], ['"produces" has no meaning', '"sets"']],
    ["next: FINISH\nchecks: [{file: a}]\nrun: a", ["KEY_BESIDE_RUN 3"], ['"checks" has no meaning', '"sets"']],
    ["next: FINISH\nedits: none\nrun: a", ["KEY_BESIDE_RUN 3"], ['"edits" has no meaning', "unchanged"]],
    ["next: FINISH\nrun: a\ndeadline: 2h", ["KEY_BESIDE_RUN 4"], ['"timeout"', '"at_most"']],
    ["next: FINISH\nsets: {x: exit_code}", ["KEY_WITHOUT_RUN 3"], ['Add "run"', '"produces"']],
    ["until_passes: {every: 1s, at_most: 2s}", ["KEY_WITHOUT_RUN 2"], ['Add "run"']],
    // sets
    ["next: FINISH\nrun: a\nsets: [x]", ["SETS_INVALID 4"], ["a list", "test_exit_code: exit_code"]],
    ["next: FINISH\nrun: a\nsets: {}", ["SETS_INVALID 4"], ["is empty"]],
    ["next: FINISH\nrun: a\nsets:\n  x: exitcode\n  y:", ["SETS_INVALID 5", "SETS_INVALID 6"], ['"exit_code"?']],
    ["next: FINISH\nrun: a\nsets:\n  exit_code: test_result", ["SETS_INVALID 5"], ['"test_result: exit_code"']],
    ["next: FINISH\nrun: a\nsets:\n  ' ': exit_code", ["SETS_INVALID 5"], ["the key is empty", "Name the context key"]],
    [
      "next: FINISH\nrun: a\nsets:\n  x: stdout",
      ["SETS_INVALID 5"],
      ["exit_code, milliseconds, output_file, output_end"],
    ],
    [
      `next: FINISH\nrun: a\nsets:\n${lines(MAX_SETS + 1, (at) => `  k${at}: exit_code`)}`,
      ["SETS_INVALID 4"],
      ["has 21"],
    ],
    // until_passes
    ["next: FINISH\nrun: a\nuntil_passes: 1h", ["UNTIL_PASSES_INVALID 4"], ['it is "1h"', "at_most: 1h"]],
    ["next: FINISH\nrun: a\nuntil_passes: {}", ["UNTIL_PASSES_INVALID 4"], ["empty"]],
    ["next: FINISH\nrun: a\nuntil_passes: {every: 1s}", ["UNTIL_PASSES_INVALID 4"], ['does not say "at_most"']],
    ["next: FINISH\nrun: a\nuntil_passes: {at_most: 1s}", ["UNTIL_PASSES_INVALID 4"], ['does not say "every"']],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 2m\n  at_most: 119s",
      ["UNTIL_PASSES_INVALID 5"],
      ['longer than "at_most"'],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 30\n  at_most: 1h",
      ["UNTIL_PASSES_INVALID 5"],
      ['"every" must be a duration', '"30s"'],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 1s\n  at_most: 2s\n  whileexit: 8",
      ["FRONT_MATTER_UNKNOWN_KEY 7"],
      ['"while_exit"?'],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 1s\n  at_most: 2s\n  while_exit: [8, 0]",
      ["UNTIL_PASSES_INVALID 7"],
      ["0 out"],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 1s\n  at_most: 2s\n  while_exit: '8'",
      ["UNTIL_PASSES_INVALID 7"],
      ["as numbers"],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 1s\n  at_most: 2s\n  while_exit: 256",
      ["UNTIL_PASSES_INVALID 7"],
      ["1 to 255"],
    ],
    [
      "next: FINISH\nrun: a\nuntil_passes:\n  every: 1s\n  at_most: 2s\n  while_exit: []",
      ["UNTIL_PASSES_INVALID 7"],
      ["empty"],
    ],
    // wait, deadline
    ["wait: 600", ["WAIT_INVALID 2"], ['it is "600"', '"600s"']],
    ["wait: 5 Minutes", ["WAIT_INVALID 2"], ['"5m"']],
    ["wait: 1w", ["WAIT_INVALID 2"], ['it is "1w"', '"3d"']],
    ["wait: 1.5h", ["WAIT_INVALID 2"], ["a whole number"]],
    ["wait: 100ms", ["WAIT_INVALID 2"], ['"90s"']],
    ["wait: 1h30m", ["WAIT_INVALID 2"], []],
    ["wait: -5m", ["WAIT_INVALID 2"], []],
    ["wait: 0s", ["WAIT_INVALID 2"], ["from 1s to 365d"]],
    ["wait: 366d", ["WAIT_INVALID 2"], ["from 1s to 365d"]],
    ["wait: 99999999999999999999s", ["WAIT_INVALID 2"], []],
    ["wait:", ["WAIT_INVALID 2"], ["empty"]],
    ["wait: [10m]", ["WAIT_INVALID 2"], ["a list"]],
    ["wait: '{{ context.x }}'", ["WAIT_INVALID 2"], []],
    ["deadline: 120", ["DEADLINE_INVALID 2"], ['"120s"']],
    ["deadline:", ["DEADLINE_INVALID 2"], ["empty", "deadline: 2h"]],
    ["deadline: [2h]", ["DEADLINE_INVALID 2"], ["a list"]],
    ["deadline: {then: A}", ["DEADLINE_INVALID 2"], ['does not say "after"']],
    ["deadline:\n  after: 2\n  then: A", ["DEADLINE_INVALID 3"], ['"after" must be a duration', '"2s"']],
    ["deadline:\n  after: 2h\n  then:", ["DEADLINE_INVALID 4"], ['"then" must be the name of a step; it is empty']],
    ["deadline:\n  after: 2h\n  than: A", ["FRONT_MATTER_UNKNOWN_KEY 4"], ['"then"?']],
    ["deadline:\n  after: 2h\n  then: Run unit test", ["DEADLINE_TARGET 4"], ['"Run Unit Tests"?']],
    [
      "next: [A, FINISH]\ndeadline:\n  after: 2h\n  then: Run Unit Tests",
      ["DEADLINE_TARGET 5"],
      ['"next" does not allow', "A, FINISH"],
    ],
    ["deadline:\n  after: 2h\n  then: FAIL", ["DEADLINE_TARGET 4"], ['neither "next" nor a route', "FAIL included"]],
    // loops
    ["next: A\nrun: a", ["LOOP_WITHOUT_AGENT 3"], ['"A" → "A"', "max_visits: 20"]],
    ["next: A\nrun: a\nmax_visits: 0", ["MAX_VISITS_INVALID 4"], []],
    ["deadline:\n  after: 2h\n  then: A", ["LOOP_WITHOUT_AGENT 4"], ['"A" → "A"', "max_visits: 20"]],
    // YAML
    ["next: A\nnext: A", ["FRONT_MATTER_SYNTAX 3"], ["second time", "line 2"]],
    ["produces:\n  1: string\n  '1': string", ["FRONT_MATTER_SYNTAX 4"], ["second time"]],
    ["next: &x A\nmax_visits: *x", ["FRONT_MATTER_SYNTAX 2", "FRONT_MATTER_SYNTAX 3"], ["anchor", "&x", "quotes"]],
    ["next: &x [*x]", ["FRONT_MATTER_SYNTAX 2"], ["anchor"]],
    ["next: &Co A", ["FRONT_MATTER_SYNTAX 2"], ["anchor", "&Co"]],
    ["produces: &p {a: string}", ["FRONT_MATTER_SYNTAX 2"], ["anchor"]],
    ["&n next: A", ["FRONT_MATTER_SYNTAX 2"], []],
    ["checks:\n- changed: **", ["FRONT_MATTER_SYNTAX 3"], ['"**"', "into quotes"]],
    ["checks:\n- run: ! grep x", ["FRONT_MATTER_SYNTAX 3"], ['"!"', "into quotes"]],
    ["next: !!js/function x", ["FRONT_MATTER_SYNTAX 2"], ["tag"]],
    ["next: A\nproduces: !x {a: string}", ["FRONT_MATTER_SYNTAX 3"], ["tag"]],
    ["next: A\n\tmax_visits: 3", ["FRONT_MATTER_SYNTAX 3"], ["Tabs", "spaces"]],
    ["next: A\nmax_visits: [1", ["FRONT_MATTER_SYNTAX 3"], []],
    ["max_visits: 3\nnext: 'A", ["FRONT_MATTER_SYNTAX 3"], []],
    ["checks:\n- run: echo a: b", ["FRONT_MATTER_SYNTAX 3"], ["quotes"]],
    ["next: A\n--- # more\nnext: A", ["FRONT_MATTER_SYNTAX 3"], ["documents", "of its own"]],
    ["- A", ["FRONT_MATTER_SYNTAX 2"], ["a list", "key: value"]],
    ["just text", ["FRONT_MATTER_SYNTAX 2"], ['"just text"']],
    ["? [a]\n: 1", ["FRONT_MATTER_SYNTAX 2"], ["no text"]],
    [": 1", ["FRONT_MATTER_SYNTAX 2"], ["empty"]],
    ["next: A\nx: *unknown", ["FRONT_MATTER_SYNTAX 3"], ["alias"]],
    [`x: ${"[".repeat(40)}${"]".repeat(40)}`, ["FRONT_MATTER_SYNTAX 2"], ["deeper than 32"]],
    [`x: ${"[".repeat(5000)}`, ["FRONT_MATTER_SYNTAX 2"], []],
    [`x: ${"x".repeat(MAX_FRONT_MATTER)}`, ["FRONT_MATTER_TOO_LARGE 1"], [String(MAX_FRONT_MATTER)]],
  ];
  test.each(bad)("%j is refused", (yaml, places, says) => {
    for (const [front, what] of variants(yaml)) {
      const result = inStep(front);
      const found = placesOf(result).map((place) => place.replace(" W/a.md:", " "));
      expect({ what, found: [...new Set(found)] }).toEqual({ what, found: places });
      const [first] = problemsOf(result);
      for (const part of says) expect(`${first?.message}\n${first?.hint}`).toContain(part);
    }
  });

  test("is not offered again as its own correction", () => {
    const [problem] = problemsOf(inStep(fenced("wait: 366d")));
    expect(problem?.hint).toBe('Write a whole number and its unit, like "90s", "10m", "2h" or "3d"');
  });

  test("stands beside routes, which may lead nowhere else", () => {
    const routes = routedStep("- `visits > 1` → A", "- `visits > 2` → Run Unit Tests", "- otherwise → FINISH");
    expect(placesOf(inStep(fenced("next: [A, Run Unit Tests, FINISH]"), routes))).toEqual([]);
    const result = inStep(fenced("next: [A, FINISH]"), routes);
    expect(placesOf(result)).toEqual(["ROUTE_NOT_IN_NEXT W/a.md:10"]);
    expect(problemsOf(result)[0]?.message).toContain('"Run Unit Tests", which "next" does not allow');
    // A target that is no step is one problem, not two.
    expect(placesOf(inStep(fenced("next: A"), routedStep("- otherwise → Nowhere")))).toEqual(["ROUTE_TARGET W/a.md:9"]);
    expect(placesOf(inStep(fenced("next: Nowhere"), routedStep("- otherwise → A")))).toEqual([
      "NEXT_TARGET W/a.md:2",
      "ROUTE_NOT_IN_NEXT W/a.md:9",
    ]);
  });

  test("holds for every step that shares the file, and is wrong only once", () => {
    const index = "- [A](a.md)\n- [B](a.md)\n";
    const steps = workflowOf(parseIndexWith(index, { "W/a.md": fenced("next: B") + STEP })).steps;
    expect(steps.map(({ next }) => next)).toEqual([["B"], ["B"]]);
    expect(placesOf(parseIndexWith(index, { "W/a.md": fenced("next: C") + STEP }))).toEqual(["NEXT_TARGET W/a.md:2"]);
  });

  test("may come from included files, and a problem names the file's own line", () => {
    const files = {
      "W/a.md": `---\nmax_visits: 2\n{{file:extra.md}}\nnext: A\n---\n${STEP}`,
      "W/extra.md": "\nchecks:\n- file: a\n- file: /b\n",
    };
    expect(placesOf(parseIndexWith(LINKS, files))).toEqual(["CHECK_INVALID W/extra.md:4"]);
    const whole = {
      "W/a.md": "{{file:front.md}}\n# Client Instructions\nDo {{file:x.md}}\n",
      "W/x.md": fenced("nope: 1"),
    };
    const front = "---\nmax_visits: 2\nnext: B\n---\n# Orchestrator Guidance\nGo.\n";
    expect(placesOf(parseIndexWith(LINKS, { ...whole, "W/front.md": front }))).toEqual(["NEXT_TARGET W/front.md:3"]);
    const good = workflowOf(parseIndexWith(LINKS, { ...whole, "W/front.md": front.replace("B", "A") }));
    expect(good.steps[0]).toMatchObject({ max_visits: 2, next: ["A"] });
    // Within a section it says something of the included file alone.
    expect(good.steps[0]?.instructions).toBe("Do ");
  });

  test("with an include that is missing shows that alone", () => {
    const result = inStep(fenced("next: {{file:none.md}}", "nxt: 3"));
    expect(placesOf(result)).toEqual(["INCLUDE_MISSING W/a.md:2"]);
  });
});

describe("front matter of index.md", () => {
  const good: [string, object][] = [
    ["description: Ships it", { description: "Ships it" }],
    ["description: >\n  Ships\n  it", { description: "Ships it" }],
    ["description: 42", { description: "42" }],
    [
      "inputs:\n  properties: {issue: {type: string}}\n  required: [issue]",
      { inputs: { type: "object", properties: { issue: { type: "string" } }, required: ["issue"] } },
    ],
    ["inputs: {type: object}", { inputs: { type: "object" } }],
  ];
  test.each(good)("%j is understood", (yaml, extras) => {
    const { name, goal, steps, ...found } = workflowOf(inIndex(fenced(yaml)));
    expect<object>(found).toEqual(extras);
    expect(steps).toHaveLength(2);
  });

  const bad: [string, string[], string[]][] = [
    ["description:", ["DESCRIPTION_INVALID 2"], ["empty"]],
    ["description: [a]", ["DESCRIPTION_INVALID 2"], ["a list"]],
    ["description: |\n  a\n  b", ["DESCRIPTION_INVALID 2"], ["one line"]],
    [`description: ${"x".repeat(301)}`, ["DESCRIPTION_INVALID 2"], ["301 characters", "300"]],
    ["inputs: {}", ["INPUTS_INVALID 2"], ["empty"]],
    ["inputs: [a]", ["INPUTS_INVALID 2"], ["a list"]],
    ["inputs: {type: array}", ["INPUTS_INVALID 2"], ['"array"']],
    ["description: x\ninputs: {issue: string}", ["INPUTS_INVALID 3"], ['"issue"', "properties:"]],
    ["inputs: {$ref: 'https://x.test/a'}", ["INPUTS_INVALID 2"], ["https://x.test/a"]],
    ["checks: []", ["FRONT_MATTER_WRONG_FILE 2"], ['"checks" belongs in a step file']],
    ["approval: true", ["FRONT_MATTER_WRONG_FILE 2"], ['"approval" belongs in a step file']],
    ["desription: x", ["FRONT_MATTER_UNKNOWN_KEY 2"], ['"description"?']],
  ];
  test.each(bad)("%j is refused", (yaml, places, says) => {
    for (const [front, what] of variants(yaml)) {
      const result = inIndex(front);
      const found = placesOf(result).map((place) => place.replace(" W/index.md:", " "));
      expect({ what, found }).toEqual({ what, found: places });
      const [first] = problemsOf(result);
      for (const part of says) expect(`${first?.message}\n${first?.hint}`).toContain(part);
    }
  });
});

describe("three hyphens", () => {
  test("that nothing closes are front matter if a key follows, else they draw a line", () => {
    const unclosed = inStep("---\nnext: A\n\n");
    expect(placesOf(unclosed)).toEqual(["FRONT_MATTER_UNCLOSED W/a.md:1"]);
    expect(problemsOf(unclosed)[0]?.hint).toContain('Add a line "---"');
    expect(placesOf(inStep("---\n# comment\n\nnxt:\n"))).toEqual(["FRONT_MATTER_UNCLOSED W/a.md:1"]);
    for (const text of ["---\n", "---\n\n", "---\n* * *\n"]) expect(placesOf(inStep(text))).toEqual([]);
    for (const text of ["---\nA text: with a colon.\n", "----\nnxt: A\n"])
      expect(placesOf(inStep(text))).toEqual([expect.stringContaining("TEXT_BEFORE_SECTIONS W/a.md")]);
    expect(workflowOf(inIndex("\n---\nText\n---\n# Goal\nGo.\n\n")).goal).toBe("Go.");
  });

  test("after comments, blank lines and blanks open front matter", () => {
    const before = ["\n", " ", "\n \n\t", "<!-- a -->\n", "<!-- a\n---\nb --> <!-- c -->\n\n  "];
    for (const text of before) {
      expect(workflowOf(inStep(`${text}---\nmax_visits: 3\n---\n`)).steps[0]?.max_visits).toBe(3);
      const [problem] = problemsOf(inStep(`${text}---\nnxt: 3\n---\n`));
      expect(problem).toMatchObject({ code: "FRONT_MATTER_UNKNOWN_KEY", line: text.split("\n").length + 1 });
      expect(placesOf(inStep(`${text}---\nnext: A\n`))).toEqual([
        `FRONT_MATTER_UNCLOSED W/a.md:${text.split("\n").length}`,
      ]);
    }
  });

  test("may be followed by spaces, and dots may close", () => {
    const { steps } = workflowOf(inStep("---  \nnext: A\n... \n---\n"));
    expect(steps[0]?.next).toEqual(["A"]);
  });
});

test("a workflow without extras has the hash that it had before there were any", () => {
  const result = parseIndexWith("# Goal\nShip.\n# Steps\n- [A](a.md)\n", {
    "W/a.md": routedStep("- otherwise → FINISH"),
  });
  expect(result).toMatchObject({
    ok: true,
    hash: "2a3d50dbc6a68bc23960b61556d1c07eaeefc9b7be53ddfda0a1fc1b4e20bf3f",
  });
});

/** The same front matter by other editors' habits. */
function variants(yaml: string): [string, string][] {
  const text = fenced(yaml);
  return [
    [text, "plain"],
    [text.replaceAll("\n", "\r\n"), "CRLF"],
    [`\uFEFF${text}`, "byte-order mark"],
  ];
}

function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join("\n");
}
