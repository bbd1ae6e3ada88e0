/** What a client's answer to a dialog says. Only a decision that somebody chose counts, whatever else comes back. Pure. */
import { z } from "zod";
import { MAX_COMMENT } from "../../rules/approve.ts";

/** Nobody reads and decides faster, in milliseconds: such an answer is the client's own. */
const FASTEST_MS = 1_000;

export interface Choice {
  yes: boolean;
  comment: string;
  pin: string;
}

/** `uncounted`: what the dialog was, or had, so that it decides nothing. */
export type Reply = Choice | { uncounted: string };

/** What came back: the result of `elicitation/create` or its error; null if nothing will come any more. */
export type Answered = { result: unknown } | { error: unknown } | null;

const Text = z.string().nullish();
const Action = z.object({ action: z.enum(["accept", "decline", "cancel"]) });
const Accepted = z.object({
  action: z.literal("accept"),
  content: z.object({ decision: z.enum(["approve", "deny"]), comment: Text, pin: Text }),
});

/** `after`: how long after the dialog was shown, in milliseconds. */
export function readReply(answered: Answered, after: number): Reply {
  if (answered === null) return { uncounted: "was interrupted" };
  if ("error" in answered) return { uncounted: "could not be shown by the client" };
  if (after < FASTEST_MS)
    return { uncounted: "was answered by the client within a second, before anybody could read it" };
  const accepted = Accepted.safeParse(answered.result);
  if (!accepted.success) return { uncounted: uncountedWords(answered.result) };
  const { decision, comment, pin } = accepted.data.content;
  return { yes: decision === "approve", comment: (comment ?? "").slice(0, MAX_COMMENT).toWellFormed(), pin: pin ?? "" };
}

/** A dialog that was put away is no no: the person may only want to look first. */
function uncountedWords(result: unknown): string {
  const { data } = Action.safeParse(result);
  if (data?.action === "decline") return "was declined";
  if (data?.action === "cancel") return "was closed";
  return data ? "came back without a decision in it" : "was answered in a form that is no answer";
}
