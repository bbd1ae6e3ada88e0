/** `orchestrator pin set` and `pin remove`: what a person knows, and an agent with a shell of the same user does not. */
import { type Guess, type PinKeeper, pinFault } from "../pin.ts";
import { type Command, NO_JSON, STATE, type Terminal, withApp } from "./command.ts";
import { type Person, personAt } from "./person.ts";

export const pin: Command = {
  name: "pin",
  summary: "Set or remove the PIN that decisions of a person ask for",
  arguments: "set|remove",
  options: { db: STATE.db, ...NO_JSON },
  run: async (words, terminal) => {
    const [what, ...more] = words.positionals;
    if ((what !== "set" && what !== "remove") || more.length > 0) {
      terminal.complain(
        "Say which: orchestrator pin set, or orchestrator pin remove. The PIN itself is asked for, not written here.",
      );
      return 2;
    }
    const person = personAt(words, terminal);
    const act = what === "set" ? set : remove;
    return withApp(words, terminal.stop, async (app) => ((await act(app.pin, { ...terminal, person })) ? 0 : 1));
  },
};

type At = Terminal & { person: Person };

/** Whether it was set. */
async function set(keeper: PinKeeper, { person, print, complain }: At): Promise<boolean> {
  const old = await oldPin(keeper, person);
  if (old === undefined) return false;
  const fresh = await person.secret("New PIN, at least six characters: ");
  const fault = fresh === null ? "" : pinFault(fresh);
  const again = fresh === null || fault !== null ? null : await person.secret("The same PIN again: ");
  if (fresh === null || again !== fresh) {
    const differ = again === null ? "" : "The two differ";
    complain([fault || differ, "Nothing changed."].filter(Boolean).join(". "));
    return false;
  }
  await keeper.change(old, fresh);
  print("The PIN is set: who approves, denies or releases types it from now on. Nothing tells it again.");
  return true;
}

/** Whether there is none any more. */
async function remove(keeper: PinKeeper, { person, print }: At): Promise<boolean> {
  const old = await oldPin(keeper, person);
  if (old === undefined) return false;
  if (old !== null) await keeper.change(old, null);
  print(old === null ? "There is no PIN." : "The PIN is removed: a typed yes alone decides from now on.");
  return true;
}

/** The PIN as it is now, proven; null: there is none; undefined: they do not know it. */
async function oldPin(keeper: PinKeeper, person: Person): Promise<string | null | undefined> {
  if (!(await keeper.state()).set) return null;
  let proven = "";
  const attempt = (given: string): Promise<Guess> => {
    proven = given;
    return keeper.check(given);
  };
  return (await person.proves("The PIN as it is now: ", attempt)) ? proven : undefined;
}
