/** Whether it is a person who acts on the page: by the PIN, which every action asks for if one is set, else by how they came in. */
import type { Visitor } from "../page.ts";
import type { PinKeeper } from "../pin.ts";
import { ApiError } from "./api-error.ts";

/** Throws if a PIN is set and this is not it; a wrong one is counted. Agents may hold the server's token: it proves nobody. */
export async function isPerson(
  keeper: PinKeeper,
  { by }: Pick<Visitor, "by">,
  pin: string | undefined,
): Promise<boolean> {
  const { set, until } = await keeper.state();
  if (!set) return by === "link";
  if (until !== null) throw paused(until);
  if (pin === undefined || pin === "") {
    throw new ApiError(403, {
      code: "PIN_MISSING",
      message: "A PIN is set, and none was given; nothing changed.",
      hint: "Type the PIN; a program sends it as pin.",
    });
  }
  const guess = await keeper.check(pin);
  if (guess.kind === "paused") throw paused(guess.until);
  if (guess.kind === "wrong") {
    throw new ApiError(403, {
      code: "PIN_WRONG",
      message: "That is not the PIN; nothing changed.",
      hint: `${guess.left === 1 ? "One more wrong one" : `${guess.left} more wrong ones`}, and none is taken for a while.`,
      left: guess.left,
    });
  }
  return true;
}

/** For what no agent may do. */
export function personsError(): ApiError {
  return new ApiError(403, {
    code: "PIN_NEEDED",
    message: "Agents may hold the server's token too, so that it decides nothing that is a person's; nothing changed.",
    hint: "Set a PIN on the server's machine (orchestrator pin set), or open the page by its link or by orchestrator dashboard.",
  });
}

function paused(until: string): ApiError {
  return new ApiError(403, {
    code: "PIN_PAUSED",
    message: "Too many wrong PINs; nothing changed.",
    hint: `No PIN is taken before ${until}.`,
    until,
  });
}
