import type { Findings } from "./findings.ts";
import type { OddParts } from "./message.ts";

/** What drives a transport is told. */
export interface Drive {
  parts: OddParts;
  from: number;
  count: number;
  findings: Findings;
  /** A call of the tool was answered with the run. */
  changed(run: string, tool: unknown): void;
  /** A call of the tool was cancelled or left: it may have been done or not. */
  abandoned(tool: unknown): void;
  /** So many messages are answered. */
  done(count: number): void;
}
