/** Programs of server steps, well and badly behaved, over both transports: each ends, leaves nothing behind, and is reported. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { startRun, statusOf } from "./support/calls.ts";
import { expectGone, oddSeconds } from "./support/checking.ts";
import { TRANSPORTS } from "./support/either.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const LINGER = oddSeconds();

interface Program {
  /** As front matter has it. */
  run: string;
  /** The step that the agent is handed. */
  then: "Ship" | "Repair";
  /** What the server says that it saw. */
  did: object;
  /** What was set. */
  context?: object;
}

const PROGRAMS: Record<string, Program> = {
  passes: {
    run: "echo fine",
    then: "Ship",
    did: { outcome: "passed", exit_code: 0, output_end: "fine" },
    context: { code: 0, end: "fine" },
  },
  fails: {
    run: "{run: 'echo bad >&2; exit 7', shell: true}",
    then: "Repair",
    did: { outcome: "failed", exit_code: 7 },
    context: { code: 7, end: "bad" },
  },
  hangs: {
    run: `{run: 'sleep ${LINGER}', timeout: 1}`,
    then: "Repair",
    did: { outcome: "failed", reason: expect.stringContaining("1 s") },
  },
  floods: {
    run: "{run: 'yes flood | head -c 30000000; echo; echo end', shell: true}",
    then: "Ship",
    did: { outcome: "passed", exit_code: 0 },
    context: { end: expect.stringMatching(/^[\s\S]{1,2000}end$/) },
  },
  forks: {
    run: `{run: 'sleep ${LINGER} & setsid sleep ${LINGER} & echo left', shell: true}`,
    then: "Ship",
    did: { outcome: "passed", output_end: "left" },
  },
  "is missing": {
    run: "no-such-program --fast",
    then: "Repair",
    did: { outcome: "failed", reason: expect.stringContaining("no-such-program") },
  },
  "is killed": { run: "{run: 'kill -9 $$', shell: true}", then: "Repair", did: { outcome: "failed" } },
  "prints no text": {
    run: "{run: \"printf '\\\\377\\\\000\\\\033[31m'\", shell: true}",
    then: "Ship",
    did: { outcome: "passed", exit_code: 0 },
  },
};

const nameOf = (key: string) => key.toUpperCase().replaceAll(" ", "_");
const workflows = scratchDir();
for (const [key, { run }] of Object.entries(PROGRAMS)) {
  const served = {
    extras: [`run: ${run}`, "sets: {code: exit_code, end: output_end}"],
    routes: ["`report.status == 'success'` → Ship", "otherwise → Repair"],
  };
  writeFiles(
    workflows,
    workflowFiles(nameOf(key), {
      Serve: served,
      Repair: { routes: ["otherwise → FINISH"] },
      Ship: { routes: ["otherwise → FINISH"] },
    }),
  );
}

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  test(`over ${transport}, what a program does is seen, told, kept and set, and nothing of it is left`, async () => {
    const on = await open({ workflows, args: ["--allow-checks"] });
    const one = async ([key, { then, did, context = {} }]: [string, Program]) => {
      const { told, id } = await startRun(on, nameOf(key), { context: { code: 99, end: "before" } });
      expect([key, told.data.next_step.step_name]).toEqual([key, then]);
      expect(told.data.server_did).toMatchObject([{ step_name: "Serve", visit: 1, ...did }]);
      expect(told.text).toStartWith(`Done by the server: Serve ${then === "Ship" ? "✓" : "✗"} `);
      const status = await statusOf(on, id, { history: "full" });
      expect(status.context).toMatchObject(context);
      expect(Object.values(status.context)).not.toContain("before");
      expect(Object.values(status.context)).not.toContain(99);
      expect(status.history).toMatchObject([
        { actor: "server", report: { status: then === "Ship" ? "success" : "failure" } },
      ]);
      const { output_file } = told.data.server_did[0];
      if (output_file) expect(statSync(output_file).size).toBeLessThanOrEqual(10 * 1024 * 1024 + 1_000);
    };
    await Promise.all(Object.entries(PROGRAMS).map(one));
    await expectGone(`sleep ${LINGER}`);
  });
}
