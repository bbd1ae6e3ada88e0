/** `orchestrator approve ID`: a person sees all that their yes is bound to, and says it at a terminal. No tool does it. */
import { boundText } from "./bound-text.ts";
import { type Command, NO_JSON, STATE, withApp } from "./command.ts";
import { CLI, personAt } from "./person.ts";
import { screenOf } from "./screen.ts";

export const approve: Command = {
  name: "approve",
  summary: "See what a run asks your approval for, and say yes",
  arguments: "ID",
  options: { db: STATE.db, ...NO_JSON },
  run: async (words, terminal) => {
    const { print, printRaw, complain, stop } = terminal;
    const [instance_id, ...more] = words.positionals;
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator approve ID (orchestrator approvals lists what waits)");
      return 2;
    }
    const person = personAt(words, terminal);
    return withApp(words, stop, async ({ engine, pin }) => {
      let bound = await engine.bound(instance_id);
      for (;;) {
        printRaw(boundText(bound, screenOf(terminal)));
        if (!(await person.agrees("Approve it?", pin))) return 1;
        const { visit, approval_id, hash, shown } = bound;
        const decided = await engine.decide({ instance_id, visit, approval_id, hash, shown, yes: true }, CLI);
        if (decided.decided) break;
        complain(`\nYour yes does not count: ${decided.again}. It is shown as it is now.\n`);
        bound = decided.bound;
      }
      const { step_name, visit } = bound;
      print(`Approved: ${step_name}, visit ${visit}. Tell the agent: it goes on with resume_workflow.`);
      return 0;
    });
  },
};
