/** `orchestrator backup`: a copy of the database, while servers use it. */
import { type Command, STATE, withApp } from "./command.ts";

export const backup: Command = {
  name: "backup",
  summary: "Copy the database to a file, while servers may write",
  arguments: "FILE",
  options: { db: STATE.db },
  run: async (words, { print, complain, stop }) => {
    const [file, ...more] = words.positionals;
    if (!file || more.length > 0) {
      complain("Name one file that does not exist yet: orchestrator backup FILE");
      return 2;
    }
    return withApp(words, stop, async ({ upkeep }) => {
      await upkeep.backup(file);
      print(file);
      return 0;
    });
  },
};
