/** What the page is made of, handed in by the composition root. */
import type { Engine } from "../engine/engine.ts";
import type { Log } from "../log.ts";
import type { PinKeeper } from "../pin.ts";

export interface DashboardParts {
  engine: Engine;
  pin: PinKeeper;
  /** Of the server, absolute; runs of all projects of the database are shown. */
  project: string;
  version: string;
  now: () => Date;
  log: Log;
}
