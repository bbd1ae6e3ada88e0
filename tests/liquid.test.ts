/** `template: liquid` through the executable, over both transports: what the agent reads, and what a fault does to a run. */
import { describe, expect, test } from "bun:test";
import { advance, expectStep, startRun, statusOf } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { runBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const LIQUID = ["template: liquid"];
const LIST = "{% for file in context.files %}- {{ file.name }}: {{ file.lines }}\n{% endfor %}";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("STEP", {
    One: {
      extras: [...LIQUID, "checks:", "  - command: test", "  - run: [make, docs]"],
      instructions: `{{file:../shared.md}}\n${LIST}{{ context.files }}{{ context.none }} {{ run.workflow }} {{ run.visit }} {{ run.id }}\n{% for check in checks %}The server looks at {{ check }}.{% endfor %}`,
    },
    Two: { instructions: "{% if context.files %}{{ context.files }} {{ context.none }}{% endif %}" },
  }),
  "STEP/shared.md": "---\nowner: me\n---\n\nFor {{ context.who | upcase }}:\n",
  ...workflowFiles(
    "INDEX",
    { One: { instructions: "{{ context.a | default: 1 }}" }, Two: { instructions: "{{ run.visit }}" } },
    "G",
    LIQUID,
  ),
  ...workflowFiles("FAULTY", {
    One: { extras: LIQUID, instructions: "Hi.\nOpen {{ context.url | url_decode }}, then go on." },
  }),
});

const FILES = [
  { name: "a.ts", lines: 3 },
  { name: "b {{ context.who }}.ts", lines: 5 },
];

describe.each(Object.entries(TRANSPORTS))("over %s", (_name, open) => {
  const server = () => open({ workflows, args: ["--command", "test=true"] });

  test("a step's instructions are filled in by Liquid, includes first; without the key by keys alone", async () => {
    const on = await server();
    const run = await startRun(on, "STEP", { context: { files: FILES, who: "ann" } });
    const list = "- a.ts: 3\n- b {{ context.who }}.ts: 5\n";
    const instructions = `\nFor ANN:\n\n${list}${JSON.stringify(FILES)} STEP 1 ${run.id}\nThe server looks at test.`;
    expectStep(run.told, { name: "One", id: run.stepId, instructions: instructions.trimStart() });
    expect((await statusOf(on, run.id)).next_step.instructions).toBe(instructions.trimStart());
    const two = await advance(on, run, { next_step: "Two" });
    expect(two.data.next_step.instructions).toBe(
      `{% if context.files %}${JSON.stringify(FILES)} {{ context.none }}{% endif %}`,
    );
  });

  test("the index says it for every step", async () => {
    const on = await server();
    const run = await startRun(on, "INDEX");
    expect(run.told.data.next_step.instructions).toBe("1");
    expect((await advance(on, run, { next_step: "Two" })).data.next_step.instructions).toBe("2");
  });

  test("a fault leaves its place as it was written, is named in both forms, and the run goes on", async () => {
    const on = await server();
    const run = await startRun(on, "FAULTY", { context: { url: "%zz" } });
    const fault = "line 2 of the instructions, {{ context.url | url_decode }}: URI error";
    expect(run.told.data.next_step).toMatchObject({
      instructions: "Hi.\nOpen {{ context.url | url_decode }}, then go on.",
      template_faults: [fault],
    });
    expect(run.told.text).toContain(`Not filled in, left as the workflow's author wrote it: ${fault}.`);
    expect(run.told.data.rules).toContain("What template_faults names was left as the workflow's author wrote it.");
    const resumed = await on.call("resume_workflow", { instance_id: run.id, context_updates: {} });
    expect(resumed.data.next_step.template_faults).toEqual([fault]);
    expect((await advance(on, run, { next_step: "FINISH" })).data.status).toBe("COMPLETED");
  });
});

test("show prints the filled text, and a run keeps the template that it started with", async () => {
  const own = scratchDir();
  const files = (text: string) => workflowFiles("PINNED", { One: { instructions: text } }, "G", LIQUID);
  writeFiles(own, files("{{ context.a | upcase }}"));
  const on = await TRANSPORTS.stdio({ workflows: own });
  const { id } = await startRun(on, "PINNED", { context: { a: "first" } });
  writeFiles(own, files("{{ context.a | nothing_like_this }}"));
  await on.call("list_workflows");
  expect((await on.call("resume_workflow", { instance_id: id })).data.next_step.instructions).toBe("FIRST");
  const shown = await runBare({ cwd: on.project, args: ["show", id, "--db", on.db, "--json"] });
  expect(JSON.parse(shown.stdout).instructions).toBe("FIRST");
});

test("validate names a fault with its line in the file that holds it, and what the key may say", async () => {
  const own = scratchDir();
  const step = (front: string, text: string) =>
    `---\n${front}\n---\n\n# Orchestrator Guidance\n\nGo on.\n\n# Client Instructions\n\n${text}\n`;
  writeFiles(own, {
    "W/index.md": "# Steps\n1. [A](a.md)\n2. [B](b.md)\n3. [C](c.md)\n",
    "W/a.md": step(
      "template: liquid",
      "Read.\n{% if context.a %}\n{{ context.a | upcas }}\n{% endif %}\n{{file:inc.md}}",
    ),
    "W/inc.md": "Then:\n\n{% render 'x' %}\n",
    "W/b.md": step("template: handlebars", "{{ context.a | upcas }}"),
    "W/c.md": step("max_visits: 2", "{{ context.a | upcas }}"),
  });
  const { code, stdout } = await runBare({ cwd: own, args: ["validate", "--workflows", own] });
  expect(code).toBe(1);
  expect(stdout).toContain("W/a.md:13");
  expect(stdout).toContain("{{ context.a | upcas }}");
  expect(stdout).toContain('Did you mean "upcase"?');
  expect(stdout).toContain("W/inc.md:3");
  expect(stdout).toContain("W/b.md:2");
  expect(stdout).toContain('"template" can only be "liquid"; it is "handlebars"');
  expect(stdout).not.toContain("W/c.md");
});
