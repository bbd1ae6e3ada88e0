/**
 * The guard of every command that decides: somebody at a terminal reads what it is about, types `yes`, and the PIN if there is
 * one. Nothing is read from /dev/tty: whoever pipes or redirects either end is refused.
 */
import { Writable } from "node:stream";
import { AppError } from "../errors.ts";
import type { Guess, PinKeeper } from "../pin.ts";
import { duration } from "../words.ts";
import type { Terminal, Words } from "./command.ts";

/** Who decides there, as the history names them. */
export const CLI = { actor: "cli" };

/** How long what was typed ahead is waited for, in milliseconds. */
const FORGET_MS = 50;

export interface Person {
  /** A line that they typed; null if they ended it: Ctrl-C, the end of input, a terminal that closed. The prompt is our own words. */
  line(prompt: string): Promise<string | null>;
  /** The same without echo. */
  secret(prompt: string): Promise<string | null>;
  /** Whether they typed exactly `yes`, and the PIN if one is set; if not, they were told that nothing changed. */
  agrees(question: string, pin: PinKeeper): Promise<boolean>;
  /** Whether they typed the PIN; `attempt` says what comes of a guess. If not, they were told why. */
  proves(prompt: string, attempt: (pin: string) => Promise<Guess>): Promise<boolean>;
}

/** Throws INVALID_INPUT if nobody can be asked: `--json`, or an end that is no terminal. To be called before anything is looked up. */
export function personAt({ values }: Words, { ends, complain, stop }: Terminal): Person {
  if (values["json"]) throw refused("--json is for reading, and a decision is typed by a person");
  const { input, output } = ends();
  if (!input.isTTY) throw refused("standard input is a pipe, a file or nothing");
  if (!output.isTTY) throw refused("standard output goes to a pipe, a file or nothing");
  output.on("error", () => {}); // the terminal closed: the input says so too
  let left = false;

  async function read(prompt: string, shown: boolean): Promise<string | null> {
    if (left || stop.aborted) return null;
    const { createInterface } = await import("node:readline"); // no server needs it
    const echo = shown ? output : mute();
    const reader = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    if (!shown) output.write(prompt); // only now: from here on the terminal itself echoes nothing either
    const end = () => reader.close();
    stop.addEventListener("abort", end, { once: true });
    const said = await new Promise<string | null>((resolve) => {
      reader.once("SIGINT", end);
      reader.once("close", () => resolve(null));
      reader.question(shown ? prompt : "", resolve);
    });
    reader.close();
    stop.removeEventListener("abort", end);
    if (said === null || !shown) output.write("\n");
    left = said === null;
    return said;
  }

  /** What was typed before something is asked is no answer to it: it may have been meant for what was shown before. */
  async function forget(): Promise<void> {
    if (left || stop.aborted) return;
    const { createInterface } = await import("node:readline");
    const reader = createInterface({ input, output: mute(), terminal: true, historySize: 0 });
    left = await new Promise<boolean>((resolve) => {
      setTimeout(resolve, FORGET_MS, false);
      for (const end of ["SIGINT", "close"]) reader.once(end, () => resolve(true));
    });
    reader.close();
  }

  const line = (prompt: string) => read(prompt, true);
  const secret = (prompt: string) => read(prompt, false);

  async function proves(prompt: string, attempt: (pin: string) => Promise<Guess>): Promise<boolean> {
    for (;;) {
      const pin = await secret(prompt);
      const guess = pin === null ? null : await attempt(pin);
      if (guess?.kind === "right") return true;
      if (guess === null) {
        complain("Nothing changed.");
        return false;
      }
      if (guess.kind === "paused") throw paused(guess.until);
      complain(
        `That is not the PIN. ${guess.left === 1 ? "One more wrong one" : `${guess.left} more wrong ones`}, and none is taken for a while.`,
      );
    }
  }

  async function agrees(question: string, pin: PinKeeper): Promise<boolean> {
    const { set, until } = await pin.state();
    if (until !== null) throw paused(until);
    await forget();
    if ((await line(`${question} Type yes: `)) !== "yes") {
      complain("Nothing changed.");
      return false;
    }
    return !set || proves("PIN: ", pin.check);
  }

  return { line, secret, agrees, proves };
}

function mute(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function refused(why: string): AppError {
  return new AppError("INVALID_INPUT", `Only a person at a terminal decides this, and ${why}; nothing changed.`, {
    hint: "Run the command in a terminal of your own, without --json, pipes or redirections. An agent asks the user to do it.",
  });
}

function paused(until: string): AppError {
  const at = new Date(until);
  return new AppError("INVALID_INPUT", "Too many wrong PINs; nothing changed.", {
    hint: `Try again at ${at.toLocaleTimeString("en-GB")}, in ${duration(at.getTime() - Date.now())}.`,
  });
}
