/** What passed between a client and the server, written down by a tap and read when all is over. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

export interface Message {
  id?: number | string;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever client or server sent
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent
  result?: any;
  error?: { code: number; message: string };
}

export interface Passed {
  from: "client" | "server";
  message: Message;
}

/** Writes down one message; what is no JSON is left out. */
export function note(file: string, from: Passed["from"], text: string): void {
  try {
    appendFileSync(file, `${JSON.stringify({ from, message: JSON.parse(text) })}\n`);
  } catch {
    // half a message of a client that was ended
  }
}

export function readWire(file: string): Passed[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}
