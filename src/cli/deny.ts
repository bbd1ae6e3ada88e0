/** `orchestrator deny ID`: a person says no at a terminal, and why. No tool does it. */
import type { App } from "../app.ts";
import type { DecideInput } from "../engine/approvals.ts";
import { AppError } from "../errors.ts";
import type { Instance } from "../instance.ts";
import { MAX_COMMENT } from "../rules/approve.ts";
import { boundText } from "./bound-text.ts";
import { type Command, NO_JSON, STATE, type Terminal, withApp } from "./command.ts";
import { CLI, personAt } from "./person.ts";
import { screenOf } from "./screen.ts";

export const deny: Command = {
  name: "deny",
  summary: "See what a run asks your approval for, and say no",
  arguments: "ID",
  options: {
    db: STATE.db,
    comment: { type: "string", value: "TEXT", help: "Why, for the agent and the workflow's routes; else it is asked" },
    ...NO_JSON,
  },
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const [instance_id, ...more] = words.positionals;
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator deny ID (orchestrator approvals lists what waits)");
      return 2;
    }
    const person = personAt(words, terminal);
    return withApp(words, stop, async ({ engine, pin }) => {
      const asked = await showAsked(engine, instance_id, terminal);
      const given = words.values["comment"];
      const comment = typeof given === "string" ? given : await person.line("Why not, in a line (may be empty): ");
      if (comment === null) {
        complain("Nothing changed.");
        return 1;
      }
      refuseLong(comment);
      if (!(await person.agrees("Deny it?", pin))) return 1;
      const decided = await engine.decide({ ...asked, yes: false, comment }, CLI);
      if (decided.decided) print(whatNext(decided.outcome.instance));
      else complain(`Nothing changed: ${decided.again}.`);
      return decided.decided ? 0 : 1;
    });
  },
};

/** Prints what a no would be about: what waits for a yes, or what has one that the agent did not use yet. */
async function showAsked(
  engine: App["engine"],
  instance_id: string,
  terminal: Terminal,
): Promise<Omit<DecideInput, "yes">> {
  const { instance } = await engine.status({ instance_id, history_limit: 0 });
  const request = instance.turn?.approval;
  if (request?.yes) {
    const { at, hash, shown } = request.yes;
    terminal.print(`${instance_id}: step "${instance.step_name}" was approved at ${at}, and is not handed out yet.`);
    return { instance_id, visit: instance.visit, approval_id: request.approval_id, hash, shown };
  }
  const bound = await engine.bound(instance_id);
  terminal.printRaw(boundText(bound, screenOf(terminal)));
  const { visit, approval_id, hash, shown } = bound;
  return { instance_id, visit, approval_id, hash, shown };
}

function refuseLong({ length }: string): void {
  if (length <= MAX_COMMENT) return;
  throw new AppError("INVALID_INPUT", `The comment has ${length} characters; nothing changed.`, {
    hint: `Say it in ${MAX_COMMENT} at most, or name a file in which you say more.`,
  });
}

function whatNext({ instance_id, status, step_name, visit, turn }: Instance): string {
  if (turn?.kind === "denied")
    return `Denied. ${instance_id} waits at ${step_name} for you: orchestrator release ${instance_id} asks about it again, orchestrator cancel ${instance_id} ends it.`;
  if (turn === null) return `Denied. ${instance_id} is ${status}. Tell the agent.`;
  return `Denied. ${instance_id} is at ${step_name}, visit ${visit}. Tell the agent: it goes on with resume_workflow.`;
}
