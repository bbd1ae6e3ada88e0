/** `orchestrator hook EVENT`: what agents' clients call at the moments of a session; `init` writes that into their settings. */
import { HOOK_CLIENTS, HOOK_EVENTS } from "../hook.ts";
import { type Command, STATE } from "./command.ts";

export const hook: Command = {
  name: "hook",
  summary: "Answer an agent's hook: reads its JSON from standard input, says nothing if there is nothing to say",
  arguments: HOOK_EVENTS.join("|"),
  options: {
    client: { type: "string", value: "NAME", help: `Whose form to speak: ${HOOK_CLIENTS.join(", ")}` },
    ...STATE,
  },
  /** Reached by a person alone: main.ts sees to clients. */
  run: async (_, { complain }) => {
    complain(
      "A client calls this, and says on standard input what happens. orchestrator init writes it into its settings.",
    );
    return 0;
  },
};
