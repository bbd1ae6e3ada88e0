/** The frame of every page. */
import { html } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";
import { visible } from "../words.ts";
import { ASSETS } from "./assets.ts";
import type { Markup, View } from "./view.ts";

export interface LayoutProps {
  title: string;
  /** Null: the reader is not let in, or there is no such page. */
  view: View | null;
  /** What the page follows: a run by its id, or the list; absent: nothing. */
  follows?: { run: string } | "list";
}

export function Layout({ title, view, follows, children }: PropsWithChildren<LayoutProps>): Markup {
  const live = follows === "list" ? "list=1" : follows && `run=${encodeURIComponent(follows.run)}`;
  return html`<!doctype html>
${(
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{visible(`${title} · Orchestrator`)}</title>
      <link rel="stylesheet" href={ASSETS.style} />
      <script type="module" src={ASSETS.script}></script>
    </head>
    <body data-events={live && `/api/events?${live}`} data-pin={view?.asksPin ? "1" : undefined}>
      {view && (
        <nav>
          <a href="/">Runs</a> <a href="/workflows">Workflows</a>
        </nav>
      )}
      <main>{children}</main>
    </body>
  </html>
)}`;
}
