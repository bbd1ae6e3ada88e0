/** How a call reaches the person at its client; each era of the protocol has its own way. */
import type { Bound } from "../../engine/approvals.ts";
import type { Outcome } from "../../engine/outcome.ts";
import { field } from "../message.ts";
import type { Dialog } from "./dialog.ts";
import type { Answered } from "./reply.ts";

/** How long a dialog may stand open until its answer is too old to count, in milliseconds. */
export const DIALOG_MS = 10 * 60_000;

/** What an answer tells of the way to the gate. */
export type Told = Omit<Outcome, "instance" | "workflow" | "trusted" | "checks" | "filler" | "did">;

/** The gate at which a call found its run. */
export interface Gate {
  instance_id: string;
  visit: number;
  /** Decides in a terminal, and shows all there. */
  command: string;
  told: Told;
}

/** A dialog and what it is about. */
export interface Asked {
  dialog: Dialog;
  bound: Bound;
  gate: Gate;
}

/** An answer that came with the call, and how long after its dialog was shown, in milliseconds. */
export interface Returned extends Omit<Asked, "dialog"> {
  answered: Answered;
  after: number;
}

export interface Exchange {
  /** How long the dialog keeps others for the same approval away, unless its answer is there before, in milliseconds. */
  openMs: number;
  /** Shows the dialog. Never rejects; throws an InputRequired if the call ends by that. */
  show(asked: Asked): Promise<Answered>;
  /** The answer to a dialog of an earlier call, which this one repeats; undefined if it is a call of its own. Throws INVALID_INPUT. */
  returned(): Returned | undefined;
}

/** Thrown through a tool's handler: the call ends with this result, and is sent again with the answer. */
export class InputRequired extends Error {
  readonly result: object;

  constructor(result: object) {
    super("input required");
    this.result = result;
  }
}

/** Whether a client with these capabilities shows forms. Without a mode, forms are meant. */
export function showsForms(capabilities: unknown): boolean {
  const elicitation = field(capabilities, "elicitation");
  if (typeof elicitation !== "object" || elicitation === null) return false;
  const form = field(elicitation, "form");
  return (typeof form === "object" && form !== null) || (form === undefined && field(elicitation, "url") === undefined);
}
