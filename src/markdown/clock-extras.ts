/** The clock's part in a step's front matter: `wait`, `deadline`, `until_passes`. Asks no clock itself. */
import type { Deadline, Step, UntilPasses } from "../workflow.ts";
import { nameOf } from "../written.ts";
import type { StepKey } from "./extra-keys.ts";
import { type Key, parseDuration, readFields } from "./fields.ts";
import type { Reading } from "./reading.ts";
import type { Yaml } from "./yaml.ts";

/** A key that is absent is absent here; what is wrong becomes problems. Whether `then` is a step is for `checkDoer`. */
export function parseClock(
  keys: ReadonlyMap<StepKey, Yaml>,
  reading: Reading,
): Pick<Step, "until_passes" | "wait" | "deadline"> {
  const until_passes = parseUntilPasses(keys.get("until_passes"), reading);
  const waiting = keys.get("wait");
  const wait = waiting && parseDuration(waiting, { name: "wait", code: "WAIT_INVALID" }, reading);
  const deadline = parseDeadline(keys.get("deadline"), reading);
  return {
    ...(until_passes ? { until_passes } : {}),
    ...(wait === undefined ? {} : { wait }),
    ...(deadline ? { deadline } : {}),
  };
}

const UNTIL: Key = { name: "until_passes", code: "UNTIL_PASSES_INVALID" };
const UNTIL_HINT =
  'Write "until_passes: {every: 30s, at_most: 1h}", with "while_exit: [8]" where only these codes go on';

function parseUntilPasses(yaml: Yaml | undefined, reading: Reading): UntilPasses | undefined {
  const fields =
    yaml && readFields(yaml, { ...UNTIL, known: ["every", "at_most", "while_exit"], hint: UNTIL_HINT }, reading);
  if (!yaml || !fields) return undefined;
  const refuse = (at: Yaml, message: string, hint = UNTIL_HINT): undefined => {
    reading.problems.add(UNTIL.code, at.at, { message, hint });
    return undefined;
  };
  const [every, at_most] = ["every", "at_most"].map((name) => {
    const written = fields.get(name);
    if (!written) return refuse(yaml, `"until_passes" does not say "${name}"`);
    return parseDuration(written, { ...UNTIL, name }, reading);
  });
  const codes = fields.get("while_exit");
  const while_exit = codes && parseCodes(codes, refuse);
  if (every === undefined || at_most === undefined) return undefined;
  if (every > at_most)
    return refuse(
      fields.get("every") ?? yaml,
      '"every" is longer than "at_most"',
      "Let it look more often, or go on for longer",
    );
  return { every, at_most, ...(while_exit ? { while_exit } : {}) };
}

/** 0 is not among them: it is what ends the repeating. */
function parseCodes(yaml: Yaml, refuse: (at: Yaml, message: string, hint?: string) => undefined): number[] | undefined {
  const items = yaml.kind === "list" ? yaml.items : [yaml];
  if (items.length === 0)
    return refuse(yaml, '"while_exit" is empty', 'Write "while_exit: [8]", or leave it out: any code but 0');
  const codes = items.map((item) => {
    const value = item.kind === "scalar" ? item.value : null;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 255) return value;
    const message = `"while_exit" must hold exit codes from 1 to 255; here it is ${nameOf(item)}`;
    return refuse(
      item,
      message,
      value === 0 ? "Leave 0 out: it passes" : 'Write them as numbers, like "while_exit: [8]"',
    );
  });
  return codes.flatMap((code) => (code === undefined ? [] : [code]));
}

const DEADLINE: Key = { name: "deadline", code: "DEADLINE_INVALID" };
const DEADLINE_HINT = 'Write "deadline: 2h", or "deadline: {after: 2h, then: Step Name}"';

/** A duration alone is short for `after`. */
function parseDeadline(yaml: Yaml | undefined, reading: Reading): Deadline | undefined {
  if (!yaml) return undefined;
  if (yaml.kind === "scalar" && yaml.value !== null) {
    const after = parseDuration(yaml, DEADLINE, reading);
    return after === undefined ? undefined : { after };
  }
  const fields = readFields(yaml, { ...DEADLINE, known: ["after", "then"], hint: DEADLINE_HINT }, reading);
  if (!fields) return undefined;
  const refuse = (at: Yaml, message: string): undefined => {
    reading.problems.add(DEADLINE.code, at.at, { message, hint: DEADLINE_HINT });
    return undefined;
  };
  const written = fields.get("after");
  const after = written
    ? parseDuration(written, { ...DEADLINE, name: "after" }, reading)
    : refuse(yaml, '"deadline" does not say "after"');
  const target = fields.get("then");
  const then = target?.kind === "scalar" && target.value !== null ? target.text.trim() : "";
  if (target && then === "") refuse(target, `"then" must be the name of a step; it is ${nameOf(target)}`);
  return after === undefined ? undefined : { after, ...(then === "" ? {} : { then }) };
}
