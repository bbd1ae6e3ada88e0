/** A person who decides, by the engine of this process on the same database: what the terminal's commands and the page use. */
import { afterEach } from "bun:test";
import { type App, type Clockwork, createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import type { Bound, Decided } from "../../src/engine/approvals.ts";

const open: App[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

export interface Person {
  engine: App["engine"];
  pin: App["pin"];
  /** What a yes to the run would be bound to now. */
  look(id: string): Promise<Bound>;
  /** Decides what was looked at; without it, what is there now. */
  yes(id: string, seen?: Bound): Promise<Decided>;
  no(id: string, comment?: string): Promise<Decided>;
}

export function person(at: { db: string; project: string; workflows?: string[] }, clockwork: Clockwork = {}): Person {
  const { db, project, workflows } = at;
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], LOG_LEVEL: "error" };
  const app = createApp(readConfig({ db, project, workflows }, environment, project), clockwork);
  open.push(app);
  const { engine, pin } = app;
  const look = (id: string) => engine.bound(id);
  const decide = async (id: string, said: { yes: boolean; comment?: string; seen?: Bound | undefined }) => {
    const { yes, comment, seen } = said;
    const { visit, approval_id, hash, shown } = seen ?? (await look(id));
    return engine.decide({ instance_id: id, visit, approval_id, hash, shown, yes, comment }, { actor: "cli" });
  };
  return {
    engine,
    pin,
    look,
    yes: (id, seen) => decide(id, { yes: true, seen }),
    no: (id, comment = "") => decide(id, { yes: false, comment }),
  };
}
