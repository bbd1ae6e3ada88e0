/** Who is let in to the page: a link that works once becomes a session, which a cookie names. Nothing of it outlives the process. */
import { createHash, randomBytes } from "node:crypto";
import type { Visitor } from "../page.ts";

/** Most sessions at once; the one that was used longest ago makes room. */
export const MAX_PAGE_SESSIONS = 20;

/** A session that was not used for this long is over, in milliseconds. */
export const PAGE_IDLE_MS = 12 * 3_600_000;

/** Most links that were made and not opened yet. */
const MAX_LINKS = 100;

const SECRET_BYTES = 32;

export interface Entry {
  /** The secret of a link that lets in once; `ownUser`: nobody but this user of the machine. */
  invite(ownUser: boolean): string;
  /** Whether the link lets in; then it does so no more. It is asked who comes only if that is of importance. */
  spend(secret: string, isOtherUsers: () => boolean): boolean;
  /** Begins a session; its secret. */
  begin(by: Visitor["by"]): string;
  /** The session with that secret, by a name that tells nothing of it; null if there is none. It counts as used now. */
  session(secret: string): Visitor | null;
}

export interface EntryLimits {
  max: number;
  idleMs: number;
  now: () => number;
}

export function createEntry({ max, idleMs, now }: EntryLimits): Entry {
  /** By digest, as the sessions: neither time nor memory tells a secret. */
  const links = new Map<string, { ownUser: boolean }>();
  /** The one that was used longest ago first. */
  const sessions = new Map<string, { visitor: Visitor; usedAt: number }>();

  function keep(visitor: Visitor): void {
    sessions.delete(visitor.session);
    sessions.set(visitor.session, { visitor, usedAt: now() });
  }

  return {
    invite(ownUser) {
      const secret = newSecret();
      links.set(digest(secret), { ownUser });
      dropFirst(links, MAX_LINKS);
      return secret;
    },
    spend(secret, isOtherUsers) {
      const name = digest(secret);
      const link = links.get(name);
      return link !== undefined && !(link.ownUser && isOtherUsers()) && links.delete(name);
    },
    begin(by) {
      const secret = newSecret();
      keep({ session: digest(secret), by });
      dropFirst(sessions, max);
      return secret;
    },
    session(secret) {
      const name = digest(secret);
      const found = sessions.get(name);
      if (!found) return null;
      if (now() - found.usedAt < idleMs) {
        keep(found.visitor);
        return found.visitor;
      }
      sessions.delete(name);
      return null;
    },
  };
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function dropFirst(kept: Map<string, unknown>, most: number): void {
  for (const key of kept.keys()) {
    if (kept.size <= most) return;
    kept.delete(key);
  }
}
