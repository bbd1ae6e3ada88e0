/** What every page is made from, and what it gives. */
import type { HtmlEscapedString } from "hono/utils/html";
import type { Engine } from "../engine/engine.ts";

/** Markup; texts in it are escaped, and made visible with `visible` if others wrote them. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface View {
  engine: Engine;
  /** The project of the server, absolute; the pages show all projects of the database. */
  project: string;
  version: string;
  now: Date;
  /** Path and query of this page, as it was asked for. */
  url: URL;
  /** Whether an action is sent with the PIN. */
  asksPin: boolean;
}
