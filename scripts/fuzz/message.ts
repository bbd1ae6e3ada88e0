/** The odd message of a number: the same for a seed at every run, so that one that failed can be sent again alone. */
import { type Random, seeded } from "../torture/random.ts";
import { below, chance, pick } from "./chance.ts";
import { changeText, changeValue } from "./odd.ts";
import { type Era, type Message, type Subject, validMessage } from "./valid.ts";

export interface Odd {
  n: number;
  /** What it was before its text was changed. */
  message: Message;
  bytes: Buffer;
  /** For what else is chosen about it. */
  random: Random;
}

export interface OddParts {
  seed: number;
  era: Era;
  subject: Subject;
}

export function oddMessage({ seed, era, subject }: OddParts, n: number): Odd {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b));
  const message = structuredClone(validMessage(random, { n, era, subject }));
  for (let left = pick(random, [0, 0, 1, 1, 1, 2, 3]); left > 0; left--) changeValue(random, message);
  let text = JSON.stringify(message);
  for (let left = pick(random, [0, 0, 0, 0, 0, 1, 1, 2]); left > 0; left--) text = changeText(random, text);
  return { n, message, bytes: changeBytes(random, Buffer.from(text)), random };
}

function changeBytes(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0 || !chance(random, 0.02)) return bytes;
  const at = below(random, bytes.length);
  const wrong = pick(random, [[0xff], [0xc3], [0xf0, 0x9f], [0xed, 0xa0, 0x80], [0]]);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(wrong), bytes.subarray(at + below(random, 2))]);
}
