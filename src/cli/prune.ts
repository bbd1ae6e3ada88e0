/** `orchestrator prune`: runs that ended long ago leave the database, while servers use it. */
import { duration } from "../words.ts";
import { type Command, JSON_OUTPUT, STATE, withApp } from "./command.ts";

export const prune: Command = {
  name: "prune",
  summary: "Delete runs that ended long ago; live runs stay",
  arguments: "",
  options: {
    db: STATE.db,
    "older-than": { type: "string", value: "TIME", help: "30d, 12h or 90m; required" },
    ...JSON_OUTPUT,
  },
  run: async (words, { print, complain, stop }) => {
    const age = milliseconds(words.values["older-than"]);
    if (age === null) {
      complain("Say how old: orchestrator prune --older-than 30d (d days, h hours, m minutes)");
      return 2;
    }
    return withApp(words, stop, async ({ upkeep }) => {
      const deleted = await upkeep.prune(new Date(Date.now() - age).toISOString());
      if (words.values["json"]) print(JSON.stringify({ deleted }));
      else print(`${deleted} run${deleted === 1 ? "" : "s"} deleted that ended more than ${duration(age)} ago`);
      return 0;
    });
  },
};

const UNITS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

function milliseconds(text: unknown): number | null {
  const [, count, unit] = /^(\d{1,6})([dhm])$/.exec(typeof text === "string" ? text : "") ?? [];
  return count && unit ? Number(count) * (UNITS[unit] ?? 0) : null;
}
