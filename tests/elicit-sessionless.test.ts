/** The client's own dialog without a session: a call ends with what is to be asked, and is sent again with the answer. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { statusOf } from "./support/calls.ts";
import {
  type Asked,
  chosen,
  type Dialogs,
  READING_MS,
  releaseFiles,
  releaseProject,
  SECRET,
} from "./support/dialogs.ts";
import { messagesIn, serveHttp } from "./support/http.ts";
import { person } from "./support/person.ts";
import { META, requestOf, SESSIONLESS } from "./support/sessionless.ts";

const ELICIT = ["--elicit"];
const V1 = { workflow_name: "RELEASE", context: { version: "1.2.0" } };

describe.each(Object.entries(SESSIONLESS))("a client's dialog without a session, over %s", (_name, open) => {
  async function served(dialogs: Dialogs, args = ELICIT) {
    const project = releaseProject();
    const on = await open({ workflows: releaseFiles(), project, args, dialogs });
    return { on, project };
  }

  test("an approval hands the step out, of one run, and the history names the client", async () => {
    const { on } = await served({ answer: () => chosen("approve") });
    const told = await on.call("start_workflow", V1);
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-deploy", instructions: SECRET } });
    expect((await on.call("list_instances")).data.instances).toHaveLength(1);
    const { history } = await statusOf(on, told.data.instance_id);
    expect(history).toContainEqual(
      expect.objectContaining({
        actor: "client:test-client/2.0",
        ruling: expect.objectContaining({ kind: "approved" }),
      }),
    );
  });

  test("a no with its comment leads where a no leads; a rewind to the gate is made once", async () => {
    const answers = [() => chosen("deny", { comment: "not yet" }), () => chosen("approve")];
    const { on } = await served({ answer: () => answers.shift()?.() });
    const told = await on.call("start_workflow", V1);
    expect(told.data).toMatchObject({ denied: { comment: "not yet" }, next_step: { step_id: "2-rework" } });
    const back = await on.call("rewind_workflow", { instance_id: told.data.instance_id, to_visit: 1 });
    expect(back.data.next_step).toMatchObject({ step_id: "3-deploy", instructions: SECRET });
  });

  test("what is put away, empty or answered within a second decides nothing", async () => {
    const answers: [() => unknown, string][] = [
      [() => ({ action: "decline" }), "within a second"],
      [() => ({ action: "accept", content: { decision: "approve" } }), "within a second"],
      [() => Bun.sleep(READING_MS).then(() => ({ action: "cancel" })), "was closed"],
      [() => Bun.sleep(READING_MS).then(() => ({ action: "accept", content: {} })), "without a decision"],
    ];
    let answer: () => unknown = () => undefined;
    const { on } = await served({ answer: () => answer() });
    const tools = ["start_workflow", "resume_workflow", "resume_workflow", "resume_workflow"];
    for (const [index, [each, words]] of answers.entries()) {
      answer = each;
      const told = await on.call(tools[index] ?? "", index === 0 ? V1 : {});
      expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" }, next_step: null });
      for (const form of [told.text, told.data.rules]) expect(form).toContain(words);
    }
  });

  test("what changed while the dialog was open is shown in another one, which counts", async () => {
    const seen: string[] = [];
    let changed = "";
    const { on, project } = await served({
      answer: ({ message }: Asked) => {
        seen.push(message);
        if (seen.length === 1) writeFileSync(changed, "Something else.\n");
        return chosen("approve");
      },
    });
    changed = join(project, "notes.md");
    expect((await on.call("start_workflow", V1)).data.next_step).toMatchObject({ step_id: "1-deploy" });
    expect(seen).toHaveLength(2);
    expect(seen[1]).toContain("Asked again: notes.md changed");
  });

  test("a client that declares dialogs and cannot show one leaves it waiting", async () => {
    const { on } = await served({
      answer: () => {
        throw new Error("no room for a dialog");
      },
    });
    await expect(on.call("start_workflow", V1)).rejects.toThrow("no room");
    const { data } = await on.call("resume_workflow");
    expect(data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
  });

  test("none is shown without --elicit", async () => {
    const { on } = await served({ answer: () => chosen("approve") }, []);
    expect((await on.call("start_workflow", V1)).data).toMatchObject({ status: "SUSPENDED" });
  });
});

describe("the answer to a dialog, as it is sent", () => {
  const FORMS = { ...META, "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
  const APPROVE = { approval: { action: "accept", content: { decision: "approve" } } };

  async function raw(args = ELICIT) {
    const project = releaseProject();
    const http = await serveHttp({ workflows: releaseFiles(), args: ["--project", project, ...args] });
    const send = async (name: string, sent: object, more: object = {}, meta: unknown = FORMS) => {
      const request = requestOf("tools/call", { name, arguments: sent, ...more }, { meta });
      const [message] = await messagesIn(await fetch(http.url, request));
      // biome-ignore lint/suspicious/noExplicitAny: each test looks at what it expects
      return message as any;
    };
    return { send, who: person({ db: http.db, project }) };
  }

  test("it has the form of the protocol, and a random name that says nothing", async () => {
    const { send } = await raw();
    const { result } = await send("start_workflow", V1);
    expect(result).toMatchObject({
      resultType: "input_required",
      inputRequests: { approval: { method: "elicitation/create", params: { mode: "form" } } },
    });
    expect(Object.keys(result.inputRequests)).toEqual(["approval"]);
    expect(result.requestState).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  test("it counts once, with the call that it was asked for, by the client that was asked", async () => {
    const { send, who } = await raw();
    const { result } = await send("start_workflow", V1);
    const { requestState } = result;
    const more = { requestState, inputResponses: APPROVE };
    await Bun.sleep(READING_MS);
    const other = { ...FORMS, "io.modelcontextprotocol/clientInfo": { name: "other", version: "1" } };
    const wrong = [
      send("start_workflow", { ...V1, context: { version: "9" } }, more),
      send("resume_workflow", {}, more),
      send("list_workflows", {}, more),
      send("start_workflow", V1, more, other),
      send("start_workflow", V1, { ...more, requestState: `${requestState}x` }),
      send("start_workflow", V1, { ...more, requestState: "" }),
      send("start_workflow", V1, { ...more, requestState: crypto.randomUUID() }),
    ];
    for (const { result: refused } of await Promise.all(wrong)) {
      expect(refused).toMatchObject({ isError: true, structuredContent: { error_code: "INVALID_INPUT" } });
      expect(refused.content[0].text).toContain("no dialog that this server waits for");
    }
    expect(await who.engine.approvals({ all: true })).toHaveLength(1);
    const { result: right } = await send("start_workflow", V1, more);
    expect(right.structuredContent.next_step).toMatchObject({ step_id: "1-deploy" });
    expect((await send("start_workflow", V1, more)).result.isError).toBe(true);
  });

  test("a decision for one approval does not count for another", async () => {
    const { send, who } = await raw();
    const { result: first } = await send("start_workflow", V1);
    await who.no(first.inputRequests.approval.params.message.match(/run_\w+/)[0]);
    const { result: second } = await send("start_workflow", V1);
    await Bun.sleep(READING_MS);
    const more = { requestState: first.requestState, inputResponses: APPROVE };
    const { result } = await send("start_workflow", V1, more);
    expect(result.structuredContent).toMatchObject({ next_step: { step_id: "2-rework" } });
    expect(await who.engine.approvals({ all: true })).toHaveLength(1);
    expect(second.requestState).not.toBe(first.requestState);
  });

  test("a call that brings answers which nobody asked for is a call like any other", async () => {
    const { send } = await raw();
    const { result } = await send("start_workflow", V1, { inputResponses: APPROVE });
    expect(result.resultType).toBe("input_required");
    const inArguments = await send("resume_workflow", { inputResponses: APPROVE, requestState: "x" });
    expect(inArguments.result.structuredContent).toMatchObject({ status: "SUSPENDED", next_step: null });
  });

  test("what the client sends in place of an answer decides nothing", async () => {
    const { send, who } = await raw();
    const odd: unknown[] = [
      undefined,
      {},
      { approval: null },
      { approval: [] },
      { approval: "approve" },
      { approval: { method: "elicitation/create", result: APPROVE.approval } },
      { other: APPROVE.approval },
      { Approval: APPROVE.approval },
    ];
    const calls = odd.map(async (inputResponses, index) => {
      const asked = { ...V1, context: { version: String(index) } };
      const { result } = await send("start_workflow", asked);
      await Bun.sleep(READING_MS);
      return send("start_workflow", asked, { requestState: result.requestState, inputResponses });
    });
    for (const { result } of await Promise.all(calls)) {
      expect(result.structuredContent).toMatchObject({ status: "SUSPENDED", next_step: null });
      expect(result.content[0].text).toContain("in a form that is no answer: nothing is decided by it.");
    }
    expect(await who.engine.approvals({ all: true })).toHaveLength(odd.length);
  });

  test("a server that shows no dialogs refuses the answer to one, and begins nothing by it", async () => {
    const { send, who } = await raw([]);
    const { error } = await send("start_workflow", V1, { requestState: "x", inputResponses: APPROVE });
    expect(error).toMatchObject({ code: -32602 });
    expect(await who.engine.approvals({ all: true })).toHaveLength(0);
  });
});
