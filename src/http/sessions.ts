/** The sessions of MCP clients: created, found, expired, capped. No state of a run is in one; a new session goes on. */
import type { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { McpServer } from "../mcp/server.ts";

/** Most sessions at once; the idlest without an open answer or stream makes room for a new one. */
export const MAX_SESSIONS = 1_000;

/** A session without a request or an open stream for this long is over, in milliseconds. */
export const SESSION_IDLE_MS = 30 * 60_000;

export interface Session {
  id: string;
  transport: WebStandardStreamableHTTPServerTransport;
  mcp: McpServer;
  /** Answers and event streams that are open. */
  open: number;
  /** Ids of the requests whose answers are open. */
  asking: Set<string | number>;
  usedAt: number;
}

export interface Sessions {
  /** Keeps room for a session that begins, until what it returns is called; null if all are in use. */
  reserve(): (() => void) | null;
  add(made: Pick<Session, "id" | "transport" | "mcp">): Session;
  /** The session, which counts as used now; undefined where it is unknown or over. */
  find(id: string): Session | undefined;
  remove(id: string): void;
  /** Closes what was idle for too long. */
  expire(): void;
  all(): Session[];
}

export interface SessionLimits {
  max: number;
  idleMs: number;
  now: () => number;
}

export function createSessions({ max, idleMs, now }: SessionLimits): Sessions {
  /** In the order of their last use, the idlest first. */
  const sessions = new Map<string, Session>();
  const reserved = new Set<symbol>();

  const isOver = (session: Session) => session.open === 0 && now() - session.usedAt >= idleMs;

  function touch(session: Session): Session {
    session.usedAt = now();
    sessions.delete(session.id);
    sessions.set(session.id, session);
    return session;
  }

  function end(session: Session): void {
    sessions.delete(session.id);
    void session.mcp.server.close();
  }

  function hasRoom(): boolean {
    if (sessions.size + reserved.size < max) return true;
    const idlest = [...sessions.values()].find(({ open }) => open === 0);
    if (idlest) end(idlest);
    return idlest !== undefined;
  }

  return {
    reserve() {
      if (!hasRoom()) return null;
      const place = Symbol();
      reserved.add(place);
      return () => void reserved.delete(place);
    },
    add: (made) => touch({ ...made, open: 0, asking: new Set(), usedAt: 0 }),
    find(id) {
      const session = sessions.get(id);
      if (!session) return undefined;
      if (!isOver(session)) return touch(session);
      end(session);
      return undefined;
    },
    remove: (id) => void sessions.delete(id),
    expire() {
      for (const session of [...sessions.values()].filter(isOver)) end(session);
    },
    all: () => [...sessions.values()],
  };
}
