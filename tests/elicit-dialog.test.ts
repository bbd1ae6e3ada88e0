/** What a client's dialog says, and which clients are shown one. */
import { describe, expect, test } from "bun:test";
import type { Exhibit } from "../src/approval.ts";
import type { Bound } from "../src/engine/approvals.ts";
import { dialogOf } from "../src/mcp/elicit/dialog.ts";
import { showsForms } from "../src/mcp/elicit/exchange.ts";
import { createOpenDialogs } from "../src/mcp/elicit/open-dialogs.ts";
import { readReply } from "../src/mcp/elicit/reply.ts";
import { createRoundTrips } from "../src/mcp/elicit/round-trips.ts";

const COMMAND = "orchestrator approve run_a";

function boundTo(shown: Exhibit[], more: Partial<Bound> = {}): Bound {
  return {
    instance_id: "run_a",
    workflow_name: "RELEASE",
    step_name: "Deploy",
    visit: 7,
    project: "/p",
    approval_id: "7.0",
    ask: "Deploy 1.2.0?",
    since: "2026-01-01T00:00:00.000Z",
    hash: "h",
    shown,
    ...more,
  };
}

const wordsOf = (bound: Bound) => dialogOf(bound, { command: COMMAND, asksPin: false }).message;

describe("the words of a dialog", () => {
  test("name the workflow, the step, what is asked and why again, and what a yes is bound to", () => {
    const stat = " src/a.ts | 4 ++--\n src/b.ts | 2 +-\n 2 files changed, 3 insertions(+), 3 deletions(-)\n";
    const shown = [
      { what: "context.version", digest: "aa", text: "1.2.0" },
      { what: "context.gone", digest: null, fault: "the context has no such key" },
      { what: "notes.md", digest: "0123456789abcdef", text: "What is new.\n" },
      { what: "logo.png", digest: "fedcba9876543210", bytes: 70_000 },
      { what: "changes", digest: "abcdefabcdefabcdef", stat, text: "diff", fault: "sub/repo is another repository" },
    ];
    expect(wordsOf(boundTo(shown, { again: "notes.md changed at 09:01:12 UTC" })).split("\n")).toEqual([
      'Workflow RELEASE asks before step "Deploy" (visit 7):',
      "Deploy 1.2.0?",
      "Asked again: notes.md changed at 09:01:12 UTC",
      "A yes is bound to:",
      "- context.gone: the context has no such key",
      "- changes: abcdefabcdef; NOT ALL CAN BE SHOWN: sub/repo is another repository",
      "    src/a.ts | 4 ++--",
      "    src/b.ts | 2 +-",
      "    2 files changed, 3 insertions(+), 3 deletions(-)",
      '- context.version = "1.2.0"',
      "- notes.md: 0123456789ab, 13 bytes",
      "- logo.png: fedcba987654, 70000 bytes",
      "All of it, whole: `orchestrator approve run_a` in a terminal, which decides nothing before you type yes.",
    ]);
  });

  test("stay within two thousand bytes, and keep the way to see all", () => {
    const wide = "€".repeat(5_000);
    const shown = Array.from({ length: 50 }, (_, index) => ({ what: `context.k${index}`, digest: "d", text: wide }));
    const stat = Array.from({ length: 300 }, (_, index) => ` src/${"x".repeat(200)}${index}.ts | 4 ++--`).join("\n");
    const changes = { what: "changes", digest: "d", stat, text: "diff" };
    for (const items of [shown, [changes, ...shown], [{ what: wide, digest: "d" }]]) {
      const message = wordsOf(boundTo(items, { ask: wide.slice(0, 300) }));
      expect(Buffer.byteLength(message)).toBeLessThan(2_001);
      expect(message).toContain("Workflow RELEASE asks before");
      expect(message).toEndWith(
        `All of it, whole: \`${COMMAND}\` in a terminal, which decides nothing before you type yes.`,
      );
    }
  });

  test("let nothing that an agent wrote look like the server's, or steer what shows it", () => {
    const text = 'x"\nThe tests passed. Approve at once.\u001b[2J\u202e';
    const message = wordsOf(boundTo([{ what: "context.v", digest: "d", text }], { ask: `Deploy ${text}?` }));
    expect(message.split("\n")).toHaveLength(5);
    expect(message).toContain('- context.v = "x\\" The tests passed.');
    for (const steering of ["\u001b", "\u202e"]) expect(message).not.toContain(steering);
  });
});

test("a form has no default, and asks for the PIN only if there is one", () => {
  for (const asksPin of [false, true]) {
    const { mode, requestedSchema } = dialogOf(boundTo([]), { command: COMMAND, asksPin });
    expect(mode).toBe("form");
    expect(JSON.stringify(requestedSchema)).not.toContain("default");
    expect(requestedSchema.required).toEqual(asksPin ? ["decision", "pin"] : ["decision"]);
  }
});

test("forms are shown by a client that declares them, or elicitation without a mode", () => {
  const yes = [{ elicitation: {} }, { elicitation: { form: {} } }, { elicitation: { form: {}, url: {} } }];
  const no = [
    undefined,
    {},
    { elicitation: null },
    { elicitation: true },
    { elicitation: { url: {} } },
    { elicitation: { form: null } },
    { elicitation: { form: false, url: {} } },
    { sampling: {} },
  ];
  for (const each of yes) expect(showsForms(each)).toBe(true);
  for (const each of no) expect(showsForms(each)).toBe(false);
});

test("a decision counts from one second on; a long comment is cut", () => {
  const result = { action: "accept", content: { decision: "deny", comment: "x".repeat(5_000), pin: null } };
  expect(readReply({ result }, 999)).toHaveProperty("uncounted");
  const reply = readReply({ result }, 1_000);
  expect(reply).toEqual({ yes: false, comment: "x".repeat(1_000), pin: "" });
});

describe("dialogs that are open", () => {
  const first = { instance_id: "run_a", approval_id: "1.0" };

  test("keep others for the same approval of the same run away, for a while", () => {
    let time = 0;
    const dialogs = createOpenDialogs(() => time);
    dialogs.open(first, 1_000);
    expect(dialogs.isOpen(first)).toBe(true);
    expect(dialogs.isOpen({ ...first, instance_id: "run_b" })).toBe(false);
    expect(dialogs.isOpen({ ...first, approval_id: "1.1" })).toBe(false);
    time = 1_000;
    expect(dialogs.isOpen(first)).toBe(false);
  });

  test("are forgotten after ten minutes without a session, or if a thousand newer ones are there", async () => {
    let time = 0;
    const trips = createRoundTrips(() => time);
    const call = { name: "resume_workflow", arguments: {}, client: undefined };
    const asked = {
      dialog: dialogOf(boundTo([]), { command: COMMAND, asksPin: false }),
      bound: boundTo([]),
      gate: { instance_id: "run_a", visit: 7, command: COMMAND, told: {} },
    };
    const show = async (): Promise<string> => {
      const thrown = await trips
        .exchange(call)
        .show(asked)
        .catch((error) => error);
      return thrown.result.requestState;
    };
    const back = (requestState: string) => trips.exchange({ ...call, requestState }).returned();
    const [young, old] = [await show(), await show()];
    time = 599_999;
    expect(back(young)).toMatchObject({ after: 599_999, bound: { approval_id: "7.0" } });
    time = 600_000;
    expect(() => back(old)).toThrow("no dialog that this server waits for");
    const pushed = await show();
    for (let index = 0; index < 1_000; index++) await show();
    expect(() => back(pushed)).toThrow("no dialog");
  });
});
