/** The client's own dialog in a session: what a person decides there counts, and nothing else that a client answers does. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import {
  type Asked,
  chosen,
  type Dialogs,
  READING_MS,
  releaseFiles,
  releaseProject,
  SECRET,
} from "./support/dialogs.ts";
import { TRANSPORTS } from "./support/either.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { connectInProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { waitFor } from "./support/stdio.ts";

const ELICIT = ["--elicit"];
const V1 = { workflow_name: "RELEASE", context: { version: "1.2.0" } };

/** Ways in which a client gets it wrong, or a person decides nothing; each with the words of the answer. */
const UNDECIDED: Record<string, [answer: () => unknown, words: string]> = {
  "a decline": [() => ({ action: "decline" }), "was declined"],
  "a decline with a decision": [() => ({ action: "decline", content: { decision: "approve" } }), "was declined"],
  "a cancel": [() => ({ action: "cancel" }), "was closed"],
  "a cancel with a decision": [() => ({ action: "cancel", content: { decision: "deny" } }), "was closed"],
  "an accept alone": [() => ({ action: "accept" }), "without a decision"],
  "an accept with nothing in it": [() => ({ action: "accept", content: {} }), "without a decision"],
  "an accept with null in it": [() => ({ action: "accept", content: null }), "without a decision"],
  "an accept with a list in it": [() => ({ action: "accept", content: ["approve"] }), "without a decision"],
  "an accept with a text in it": [() => ({ action: "accept", content: "approve" }), "without a decision"],
  "a comment alone": [() => ({ action: "accept", content: { comment: "approve" } }), "without a decision"],
  "a decision that is null": [() => ({ action: "accept", content: { decision: null } }), "without a decision"],
  "a decision that is empty": [() => ({ action: "accept", content: { decision: "" } }), "without a decision"],
  "a decision that is true": [() => ({ action: "accept", content: { decision: true } }), "without a decision"],
  "a decision in a list": [() => ({ action: "accept", content: { decision: ["approve"] } }), "without a decision"],
  "another word": [() => ({ action: "accept", content: { decision: "yes" } }), "without a decision"],
  "another case": [() => ({ action: "accept", content: { decision: "Approve" } }), "without a decision"],
  "a comment that is no text": [
    () => ({ action: "accept", content: { decision: "approve", comment: { a: 1 } } }),
    "without a decision",
  ],
  "the decision beside the content": [() => ({ action: "accept", decision: "approve" }), "without a decision"],
  "the form's values alone": [() => ({ decision: "approve" }), "in a form that is no answer"],
  "an empty result": [() => ({}), "in a form that is no answer"],
  "another action": [() => ({ action: "approve", content: { decision: "approve" } }), "in a form that is no answer"],
  "an error": [
    () => {
      throw new Error("no room for a dialog");
    },
    "could not be shown",
  ],
};
const ROWS = Object.keys(UNDECIDED);

/** The row that a dialog is about. */
function rowOf({ message }: Asked): string {
  return /context\.version = "(.*)"/.exec(message)?.[1] ?? "";
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`a client's dialog, over ${name}`, () => {
    async function served(dialogs?: Dialogs, args = ELICIT) {
      const on = await serve({ workflows: releaseFiles(), project: releaseProject(), args, dialogs });
      return { on, who: person(on) };
    }

    test("an approval hands the step out by the same call, and the history names the client", async () => {
      const seen: Asked[] = [];
      const { on } = await served({
        answer: (asked) => {
          seen.push(asked);
          return chosen("approve");
        },
      });
      const told = await on.call("start_workflow", V1);
      expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-deploy", instructions: SECRET } });
      expect(seen).toHaveLength(1);
      const { message, requestedSchema } = seen[0] as Asked; // one was seen
      expect(message).toContain('asks before step "Deploy" (visit 1):\nDeploy 1.2.0?\nA yes is bound to:');
      expect(message).toContain('- context.version = "1.2.0"\n- notes.md: ');
      expect(message).toContain(` approve ${told.data.instance_id}`);
      expect(message).not.toContain(SECRET);
      expect(requestedSchema.required).toEqual(["decision"]);
      expect(requestedSchema.properties["decision"]).toEqual({
        type: "string",
        title: "Your decision",
        enum: ["approve", "deny"],
      });
      expect(Object.keys(requestedSchema.properties)).toEqual(["decision", "comment"]);
      const { history } = await statusOf(on, told.data.instance_id);
      expect(history).toContainEqual(
        expect.objectContaining({
          actor: "client:test-client/1.0",
          ruling: expect.objectContaining({ kind: "approved" }),
        }),
      );
    });

    test("a no with its comment leads where a no leads, and the gate asks again when it is reached again", async () => {
      const answers = [() => chosen("deny", { comment: "not before the freeze is over" }), () => chosen("approve")];
      const { on } = await served({ answer: () => answers.shift()?.() });
      const told = await on.call("start_workflow", V1);
      expect(told.data).toMatchObject({
        status: "RUNNING",
        denied: { comment: "not before the freeze is over", by: "client:test-client/1.0" },
        next_step: { step_id: "2-rework" },
      });
      const again = await advance(on, { id: told.data.instance_id, stepId: "2-rework" });
      expect(again.data).toMatchObject({ decision: { decided_by: "route" }, next_step: { step_id: "3-deploy" } });
      expect(answers).toHaveLength(0);
    });

    test("nothing else that comes back decides anything, whatever runs at the same time", async () => {
      const { on, who } = await served({
        answer: async (asked) => {
          await Bun.sleep(READING_MS);
          return UNDECIDED[rowOf(asked)]?.[0]();
        },
      });
      const starting = ROWS.map((version) => on.call("start_workflow", { ...V1, context: { version } }));
      expect((await on.call("list_workflows")).data.workflows).toHaveLength(1);
      for (const [index, told] of (await Promise.all(starting)).entries()) {
        const words = UNDECIDED[ROWS[index] ?? ""]?.[1] ?? "no such row";
        for (const form of [told.text, told.data.rules]) {
          expect(form).toContain(words);
          expect(form).toContain(`approve ${told.data.instance_id}`);
          expect(form).not.toContain(SECRET);
        }
        expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" }, next_step: null });
        const { history } = await statusOf(on, told.data.instance_id);
        expect(JSON.stringify(history)).not.toContain("ruling");
      }
      expect(await who.engine.approvals({ all: true })).toHaveLength(ROWS.length);
    });

    test("an answer within a second is the client's own, yes or no", async () => {
      for (const decision of ["approve", "deny"]) {
        const { on } = await served({ answer: () => ({ action: "accept", content: { decision } }) });
        const told = await on.call("start_workflow", V1);
        expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
        expect(told.text).toContain("within a second");
      }
    });

    test("what changed while the dialog was open is shown in another one, which counts", async () => {
      const seen: string[] = [];
      const project = releaseProject();
      const answer = ({ message }: Asked) => {
        seen.push(message);
        if (seen.length === 1) writeFileSync(join(project, "notes.md"), "Something else.\n");
        return chosen("approve");
      };
      const on = await serve({ workflows: releaseFiles(), project, args: ELICIT, dialogs: { answer } });
      const told = await on.call("start_workflow", V1);
      expect(told.data.next_step).toMatchObject({ step_id: "1-deploy" });
      expect(seen).toHaveLength(2);
      expect(seen[0]).not.toContain("Asked again");
      expect(seen[1]).toContain("Asked again: notes.md changed");
    });

    test("a resume shows it again, a status or a list does not, and a yes in a terminal needs none", async () => {
      let shown = 0;
      const { on, who } = await served({
        answer: async () => {
          shown += 1;
          return { action: "decline" };
        },
      });
      const { data } = await on.call("start_workflow", V1);
      await on.call("get_workflow_status", { instance_id: data.instance_id });
      await on.call("list_instances");
      expect(shown).toBe(1);
      expectError(await advance(on, { id: data.instance_id, stepId: "1-deploy" }), "INSTANCE_SUSPENDED");
      expect(shown).toBe(1);
      await on.call("resume_workflow");
      expect(shown).toBe(2);
      await who.yes(data.instance_id);
      expect((await on.call("resume_workflow")).data.next_step.step_id).toBe("1-deploy");
      expect(shown).toBe(2);
    });

    test("one dialog asks for it at a time", async () => {
      let shown = 0;
      const { on } = await served({
        answer: () => {
          shown += 1;
          return chosen("approve");
        },
      });
      const starting = on.call("start_workflow", V1);
      await waitFor(() => shown === 1, "the dialog");
      const beside = await on.call("resume_workflow");
      expect(beside.data).toMatchObject({ status: "SUSPENDED" });
      expect(beside.text).toContain("A dialog of a client asks the user for it already.");
      expect((await starting).data.next_step.step_id).toBe("1-deploy");
      expect(shown).toBe(1);
    });

    test("in two windows of two servers the first decision counts, and the other one changes nothing", async () => {
      for (const second of ["approve", "deny"]) {
        const [workflows, project] = [releaseFiles(), releaseProject()];
        const [mine, theirs] = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
        let shown = 0;
        const dialogs = (answer: Promise<unknown>) => ({
          answer: () => {
            shown += 1;
            return answer;
          },
        });
        const on = await serve({ workflows, project, args: ELICIT, dialogs: dialogs(mine.promise) });
        const calling = on.call("start_workflow", V1);
        await waitFor(() => shown === 1, "the first dialog");
        const beside = await serve({ workflows, project, db: on.db, args: ELICIT, dialogs: dialogs(theirs.promise) });
        const resuming = beside.call("resume_workflow");
        await waitFor(() => shown === 2, "the second dialog");
        mine.resolve(await chosen("approve"));
        const { data } = await calling;
        expect(data.next_step.step_id).toBe("1-deploy");
        theirs.resolve({ action: "accept", content: { decision: second } });
        expect((await resuming).data.next_step.step_id).toBe("1-deploy");
        const { history } = await statusOf(on, data.instance_id);
        expect(JSON.stringify(history).match(/"kind":"(approved|denied|opened|void)"/g)).toEqual([
          '"kind":"approved"',
          '"kind":"opened"',
        ]);
      }
    });

    test("a set PIN is a field of the form, and a decision without it or with a wrong one does not count", async () => {
      const answers = [
        () => chosen("approve"),
        () => chosen("approve", { pin: "" }),
        () => chosen("approve", { pin: "000000" }),
        () => chosen("approve", { pin: "271828" }),
      ];
      let form: Asked["requestedSchema"] | undefined;
      const { on, who } = await served({
        answer: ({ requestedSchema }) => {
          form = requestedSchema;
          return answers.shift()?.();
        },
      });
      await who.pin.change(null, "271828");
      const words = ["without the PIN", "without the PIN", "with a wrong PIN"];
      const first = await on.call("start_workflow", V1);
      const told = [first, await on.call("resume_workflow"), await on.call("resume_workflow")];
      for (const [index, { data, text }] of told.entries()) {
        expect(data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
        expect(text).toContain(words[index] ?? "");
      }
      expect((await on.call("resume_workflow")).data.next_step.step_id).toBe("1-deploy");
      expect(form?.required).toEqual(["decision", "pin"]);
    });

    test("none is shown without --elicit, nor to a client without forms", async () => {
      let shown = 0;
      const answer = () => {
        shown += 1;
        return chosen("approve");
      };
      const none: [Dialogs | undefined, string[]][] = [
        [{ answer }, []],
        [{ answer, elicitation: { url: {} } }, ELICIT],
        [undefined, ELICIT],
      ];
      for (const [dialogs, args] of none) {
        const { on } = await served(dialogs, args);
        const told = await on.call("start_workflow", V1);
        expect(told.data).toMatchObject({ status: "SUSPENDED" });
        expect(told.text).not.toContain("dialog");
      }
      expect(shown).toBe(0);
      const { on } = await served({ answer, elicitation: {} }); // forms, by the protocol
      expect((await on.call("start_workflow", V1)).data.next_step.step_id).toBe("1-deploy");
    });
  });
}

describe("a call that does not wait for the dialog any more", () => {
  test("it answers in time, and what the person decides later counts if all is as it was shown", async () => {
    for (const changes of [false, true]) {
      const late = Promise.withResolvers<object>();
      const project = releaseProject();
      const flags = { workflows: [releaseFiles()], project, elicit: true };
      const patience = { call: 300, callBeforeModel: 300, look: 10, stop: 500 };
      const on = await connectInProcess(flags, { patience }, { answer: () => late.promise });
      const told = await on.call("start_workflow", V1);
      expect(told.data).toMatchObject({ status: "SUSPENDED" });
      expect(told.text).toContain("The client's dialog is still open; the user's answer there counts too.");
      expect((await on.call("resume_workflow")).text).toContain("asks the user for it already");
      await Bun.sleep(READING_MS);
      if (changes) writeFileSync(join(project, "notes.md"), "Something else.\n");
      late.resolve({ action: "accept", content: { decision: "approve" } });
      const id = told.data.instance_id;
      const settled = async () => {
        const { waiting_for } = await statusOf(on, id);
        return changes ? waiting_for?.again !== undefined : waiting_for?.approved_at !== undefined;
      };
      for (const until = Date.now() + 5_000; !(await settled()); ) expect(Date.now()).toBeLessThan(until);
      if (!changes) expect((await on.call("resume_workflow")).data.next_step.step_id).toBe("1-deploy");
    }
  });

  test("a late no about an earlier visit denies nothing", async () => {
    const late = Promise.withResolvers<object>();
    const flags = { workflows: [releaseFiles()], project: releaseProject(), elicit: true };
    const patience = { call: 300, callBeforeModel: 300, look: 10, stop: 500 };
    let shown = 0;
    const answer = () => {
      shown += 1;
      return shown === 1 ? late.promise : new Promise(() => {});
    };
    const on = await connectInProcess(flags, { patience }, { answer });
    const { data } = await on.call("start_workflow", V1);
    await person(on).no(data.instance_id, "first");
    await on.call("resume_workflow");
    const at = await advance(on, { id: data.instance_id, stepId: "2-rework" });
    expect(at.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
    await Bun.sleep(READING_MS);
    late.resolve({ action: "accept", content: { decision: "deny" } });
    await Bun.sleep(300);
    expect(await statusOf(on, data.instance_id)).toMatchObject({ visit: 3, waiting_for: { kind: "approval" } });
  });

  test("an interruption takes the dialog away, and its answer does not count", async () => {
    for (const [name, serve] of Object.entries(TRANSPORTS)) {
      const taken = Promise.withResolvers<void>();
      let asked = false;
      const answer = (_: Asked, signal: AbortSignal) => {
        asked = true;
        signal.addEventListener("abort", () => taken.resolve());
        return chosen("approve");
      };
      const on = await serve({
        workflows: releaseFiles(),
        project: releaseProject(),
        args: ELICIT,
        dialogs: { answer },
      });
      const stop = new AbortController();
      const calling = on.client.callTool({ name: "start_workflow", arguments: V1 }, undefined, { signal: stop.signal });
      calling.catch(() => {});
      await waitFor(() => asked, `the dialog over ${name}`);
      stop.abort("the user pressed escape");
      await taken.promise;
      await Bun.sleep(READING_MS + 200);
      const [waits] = await person(on).engine.approvals({ all: true });
      expect(waits).toMatchObject({ visit: 1 });
    }
  });

  test("a client that dies in the dialog leaves it waiting, and the next one is asked anew", async () => {
    for (const name of ["stdio", "HTTP"]) {
      let asked = 0;
      const dialogs = {
        answer: () => {
          asked += 1;
          return asked === 1 ? new Promise(() => {}) : chosen("approve");
        },
      };
      const [workflows, project] = [releaseFiles(), releaseProject()];
      const args = [...ELICIT, ...(name === "HTTP" ? ["--project", project] : [])];
      const http = name === "HTTP" ? await serveHttp({ workflows, args }) : undefined;
      const first = http
        ? await connectHttp(http.url, {}, dialogs)
        : await connect({ workflows, project, args, dialogs });
      const calling = first.call("start_workflow", V1);
      calling.catch(() => {});
      await waitFor(() => asked === 1, "the dialog");
      await first.client.close();
      const db = http?.db ?? ("db" in first ? first.db : "");
      expect(await person({ db, project }).engine.approvals({ all: true })).toHaveLength(1);
      const next = http
        ? await connectHttp(http.url, {}, dialogs)
        : await connect({ workflows, project, db, args, dialogs });
      expect((await next.call("resume_workflow")).data.next_step.step_id).toBe("1-deploy");
      expect(asked).toBe(2);
    }
  });
});
