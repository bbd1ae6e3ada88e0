/** The PIN on the page: asked for by every action, if one is set. */
import type { PinKeeper } from "../pin.ts";
import { ApiError } from "./api-error.ts";

/** Throws if a PIN is set and this is not it; a wrong one is counted. */
export async function prove(keeper: PinKeeper, pin: string | undefined): Promise<void> {
  const { set, until } = await keeper.state();
  if (!set) return;
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
}

function paused(until: string): ApiError {
  return new ApiError(403, {
    code: "PIN_PAUSED",
    message: "Too many wrong PINs; nothing changed.",
    hint: `No PIN is taken before ${until}.`,
    until,
  });
}
