/**
 * Whose program is at the other end of a connection within this machine. A link that a browser is started with stands in the list
 * of programs, which every user of the machine may read: such a link lets in this user alone.
 */
import { readFileSync } from "node:fs";

/** The ports of a connection: the one that it came from, and ours. */
export interface Peer {
  port: number;
  ours: number;
}

/** Where Linux lists connections; the line of a client's end says whose it is. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** Whether it is known to be another user's; the administrator's, and any if we are the administrator, is not. */
export function isOtherUsers(peer: Peer | null): boolean {
  const own = process.getuid?.();
  if (!peer || !own) return false;
  const owner = TABLES.map((table) => ownerIn(contentOf(table), peer)).find((each) => each !== null);
  return owner !== undefined && owner !== 0 && owner !== own;
}

/** The user at the other end of a connection, by such a table; null if it has no such line. */
export function ownerIn(table: string, { port, ours }: Peer): number | null {
  for (const line of table.split("\n")) {
    const [, from = "", to = "", , , , , user = ""] = line.trim().split(/\s+/);
    if (portOf(from) === port && portOf(to) === ours) return Number(user);
  }
  return null;
}

function portOf(end: string): number {
  return Number.parseInt(end.split(":")[1] ?? "", 16);
}

function contentOf(table: string): string {
  try {
    return readFileSync(table, "utf8");
  } catch {
    return ""; // another system, or it is not to be read
  }
}
