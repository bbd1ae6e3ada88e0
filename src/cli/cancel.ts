/** `orchestrator cancel ID`: a run is ended for good, by a person; an agent has a tool for it. */
import { isFinal } from "../instance.ts";
import { type Command, withApp } from "./command.ts";
import { CLI } from "./person.ts";
import { lostWords, reasonOf, STEERING, standsText, whatNext, whereView, whoWants } from "./steering.ts";

export const cancel: Command = {
  name: "cancel",
  summary: "End a run for good",
  arguments: "ID",
  options: STEERING,
  run: async (words, terminal) => {
    const { print, complain, stop } = terminal;
    const [instance_id, ...more] = words.positionals;
    if (!instance_id || more.length > 0) {
      complain("Name one run: orchestrator cancel ID [--reason TEXT] (orchestrator instances lists them)");
      return 2;
    }
    const reason = reasonOf(words);
    return withApp(words, stop, async ({ engine, pin }) => {
      const { instance: before } = await engine.status({ instance_id, history_limit: 0 });
      const { json } = words.values;
      if (!isFinal(before.status)) {
        if (!json) print([standsText(before, new Date()), ...lostWords(before), STAYS].join("\n"));
        if (!(await whoWants({ words, terminal, pin, question: "Cancel it?" }))) return 1;
      }
      const { instance, replayed } = await engine.cancelAlone({ instance_id, reason, decided_by: "person" }, CLI);
      if (json) print(JSON.stringify(whereView(instance), null, 2));
      else print(replayed ? `${instance_id} is cancelled already.` : whatNext(instance));
      return 0;
    });
  },
};

const STAYS = "It cannot go on afterwards. Its history stays, and orchestrator fork begins anew at any of its visits.";
