/** What a person does to a run on the page: each POST under /api/runs/ID, with the PIN if one is set. */
import { z } from "zod";
import { Digest } from "../approval.ts";
import type { DecideInput } from "../engine/approvals.ts";
import type { Engine } from "../engine/engine.ts";
import type { Instance } from "../instance.ts";
import { ApiError } from "./api-error.ts";
import { personsError } from "./is-person.ts";
import { parsed } from "./queries.ts";

/** Who acts there, as the history names them. */
const PAGE = { actor: "page" };

/** Longest comment or reason, in characters. */
const MAX_WORDS = 1_000;
/** Most things that a yes is bound to. */
const MAX_SHOWN = 1_000;

const Words = z.string().max(MAX_WORDS);
const Visit = z.int().positive();
const Pin = z.string().max(1_000).optional();

/** What was shown, so that nothing else is decided: as /api/runs/ID/bound has it. */
const Seen = z.strictObject({
  visit: Visit,
  approval_id: z.string().max(100),
  hash: z.string().max(200),
  shown: z.array(Digest.extend({ what: Words })).max(MAX_SHOWN),
  pin: Pin,
});

export interface ActionParts {
  engine: Engine;
  /** Whether it is known to be a person who acts; throws if the PIN is not what it should be. */
  isPerson(pin: string | undefined): Promise<boolean>;
}

interface Asked {
  instance_id: string;
  /** The body as it was sent. */
  given: unknown;
}

/** Each resolves to the run as it is then; `fork` to the new one. */
export const ACTIONS = {
  cancel: action(
    z.strictObject({ reason: Words.optional(), pin: Pin }),
    async ({ engine, by_person }, instance_id, { reason }) => {
      const decided_by = by_person ? "person" : "agent";
      return (await engine.cancelAlone({ instance_id, reason, decided_by }, PAGE)).instance;
    },
  ),
  rewind: action(
    z.strictObject({ to_visit: Visit, reason: Words.optional(), pin: Pin }),
    async ({ engine, by_person }, instance_id, { to_visit, reason }) =>
      (await engine.rewindAlone({ instance_id, to_visit, reason, by_person }, PAGE)).instance,
  ),
  /** A `request_id` makes a repetition harmless. */
  fork: action(
    z.strictObject({ at_visit: Visit.optional(), request_id: z.string().min(1).max(100).optional(), pin: Pin }),
    async ({ engine, by_person }, instance_id, { at_visit, request_id }) =>
      (await engine.forkAlone({ instance_id, at_visit, request_id, by_person }, PAGE)).instance,
  ),
  approve: personsAction(Seen, (engine, instance_id, { pin: _pin, ...seen }) =>
    decide(engine, { instance_id, ...seen, yes: true }),
  ),
  deny: personsAction(Seen.extend({ comment: Words.optional() }), (engine, instance_id, { pin: _pin, ...seen }) =>
    decide(engine, { instance_id, ...seen, yes: false }),
  ),
  waive: personsAction(
    z.strictObject({
      what: Words.min(1),
      reason: Words.min(1),
      seen: z.strictObject({ visit: Visit, definition: z.string() }),
      pin: Pin,
    }),
    async (engine, instance_id, { what, reason, seen }) =>
      (await engine.waive({ instance_id, what, reason, seen }, PAGE)).instance,
  ),
  release: personsAction(
    z.strictObject({
      use_latest: z.boolean().default(false),
      seen: z.strictObject({ version: z.int(), definition: z.string() }),
      pin: Pin,
    }),
    async (engine, instance_id, { use_latest, seen }) =>
      (await engine.release({ instance_id, use_latest, seen }, PAGE)).instance,
  ),
};

interface By {
  engine: Engine;
  /** It is known to be a person: then a run that waits for one may be moved too. */
  by_person: boolean;
}

/** What agents can do by a tool as well. */
function action<T extends z.ZodType<{ pin?: string | undefined }>>(
  body: T,
  run: (by: By, instance_id: string, said: z.output<T>) => Promise<Instance>,
) {
  return async ({ engine, isPerson }: ActionParts, { instance_id, given }: Asked): Promise<Instance> => {
    const said = parsed(body, given);
    await engine.status({ instance_id, history_limit: 0 }); // no guess is spent on a run that there is not
    return run({ engine, by_person: await isPerson(said.pin) }, instance_id, said);
  };
}

/** What is a person's alone. */
function personsAction<T extends z.ZodType<{ pin?: string | undefined }>>(
  body: T,
  run: (engine: Engine, instance_id: string, said: z.output<T>) => Promise<Instance>,
) {
  return action(body, async ({ engine, by_person }, instance_id, said) => {
    if (!by_person) throw personsError();
    return run(engine, instance_id, said);
  });
}

/** Throws CONFLICT, with what is there now, if that is not what was shown. */
async function decide(engine: Engine, input: DecideInput): Promise<Instance> {
  const decided = await engine.decide(input, PAGE);
  if (decided.decided) return decided.outcome.instance;
  throw new ApiError(409, {
    code: "CONFLICT",
    message: `Your yes does not count: ${decided.again}.`,
    hint: "Look at what is there now, and decide about that.",
    again: decided.again,
    bound: decided.bound,
  });
}
