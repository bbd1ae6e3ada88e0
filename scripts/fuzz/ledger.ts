/** Whose answers are due on a connection that carries many requests at once. */
import { type Expected, type Key, keyOf, member, NOBODY, runIn, wrongShape } from "./expected.ts";
import type { Findings } from "./findings.ts";

interface Due {
  least: number;
  most: number;
  /** The last text, for whoever looks for what went wrong. */
  text: string;
  sessionless: boolean | null;
  /** That is called; `several` if requests of one id differ. */
  tool: unknown;
}

export interface Ledger {
  expect(expected: Expected, text: string): void;
  /** A line of the server's. */
  take(line: string): void;
  /** Resolves when nothing is due any more; to false if `ms` pass before. */
  settled(ms: number): Promise<boolean>;
  owed(): { key: Key; text: string }[];
  /** The tools that calls without an answer are of. */
  unanswered(): unknown[];
}

/** `changed` is called with each run that an answer says something succeeded with, and the tool that it answers. */
export function createLedger(findings: Findings, changed: (run: string, tool: unknown) => void): Ledger {
  const due = new Map<Key, Due>();
  let owed = 0;
  let whenSettled: (() => void) | undefined;

  function release(entry: Due, count: number): void {
    entry.least -= count;
    owed -= count;
    if (owed === 0) whenSettled?.();
  }

  function answer(line: string, message: object): void {
    const key = keyOf(member(message, "id"));
    const entry = due.get(key);
    if (entry) settle(entry, { key, line, message });
    else findings.say("an answer that nobody waits for", line);
  }

  function settle(entry: Due, { key, line, message }: { key: Key; line: string; message: object }): void {
    const wrong = wrongShape(message, entry.sessionless);
    if (wrong) findings.say(`${wrong}: the answer to ${entry.text.slice(0, 500)}`, line);
    const run = runIn(message);
    if (run !== null) changed(run, entry.tool);
    entry.most -= 1;
    if (entry.least > 0) release(entry, 1);
    if (entry.most === 0) due.delete(key);
  }

  return {
    expect({ key, sessionless, tool, cancels, staysOpen }, text) {
      const cancelled = cancels !== undefined && cancels !== NOBODY ? due.get(cancels) : undefined;
      if (cancelled) release(cancelled, cancelled.least);
      if (key === null) return;
      const entry = due.get(key);
      const least = staysOpen ? 0 : 1;
      owed += least;
      due.set(key, {
        least: least + (entry?.least ?? 0),
        most: 1 + (entry?.most ?? 0),
        text,
        sessionless: !entry || entry.sessionless === sessionless ? sessionless : null,
        tool: entry && entry.tool !== tool ? "several" : tool,
      });
    },
    take(line) {
      const message = parsed(line);
      if (message === null) findings.say("a line of the server's is no JSON object", line);
      else if (member(message, "method") === undefined) answer(line, message);
      else if (member(message, "id") !== undefined) findings.say("the server asks something", line);
    },
    settled(ms) {
      if (owed === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), ms);
        whenSettled = () => {
          clearTimeout(timer);
          whenSettled = undefined;
          resolve(true);
        };
      });
    },
    unanswered: () => [...due.values()].flatMap(({ most, tool }) => Array.from({ length: most }, () => tool)),
    owed: () => [...due].filter(([, { least }]) => least > 0).map(([key, { text }]) => ({ key, text })),
  };
}

function parsed(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
