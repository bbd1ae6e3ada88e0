/** The frame of every page: header, main landmark, footer, and the places where the script tells what happens. */
import { html } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";
import { ICON } from "../mcp/icon.ts";
import { visible } from "../words.ts";
import { ASSETS } from "./assets.ts";
import type { Markup, View } from "./view.ts";

export interface LayoutProps {
  /** May hold words of others. */
  title: string;
  /** Null: the reader is not let in, or there is no such page. */
  view: View | null;
  /** What the page follows: a run by its id, or the list; absent: nothing. */
  follows?: { run: string } | "list";
  /** How things stand, in a sentence that a screen reader is told when it has become another one. */
  news?: string;
}

const NAVIGATION = [
  { href: "/", word: "Runs", holds: /^\/(?:runs\/.*)?$/ },
  { href: "/workflows", word: "Workflows", holds: /^\/workflows(?:\/.*)?$/ },
];

export function Layout({ title, view, follows, news, children }: PropsWithChildren<LayoutProps>): Markup {
  const live = follows === "list" ? "list=1" : follows && `run=${encodeURIComponent(follows.run)}`;
  return html`<!doctype html>
${(
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{visible(`${title} · Orchestrator`)}</title>
      <link rel="icon" href={ICON.src} />
      <link rel="stylesheet" href={ASSETS.style} />
      {/* Not deferred: a theme that was chosen must hold before anything is painted. */}
      <script src={ASSETS.script}></script>
    </head>
    <body data-events={live && `/api/events?${live}`}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="wrap">
          <a class="brand" href="/">
            <img src={ICON.src} alt="" width="24" height="24" />
            <span>Workflow Orchestrator</span>
          </a>
          {view && <Navigation path={view.url.pathname} />}
          <button type="button" id="theme" class="scripted quiet">
            Theme
          </button>
        </div>
      </header>
      <main id="main" class="wrap" tabindex={-1} data-now={view?.now.toISOString()} data-news={news && visible(news)}>
        {children}
      </main>
      <footer class="wrap">Workflow Orchestrator {view?.version}</footer>
      <div id="connection" role="status" />
      <div id="said" class="sr" role="status" />
    </body>
  </html>
)}`;
}

function Navigation({ path }: { path: string }) {
  return (
    <nav aria-label="Main">
      {NAVIGATION.map(({ href, word, holds }) => (
        <a href={href} aria-current={holds.test(path) ? "page" : undefined}>
          {word}
        </a>
      ))}
    </nav>
  );
}
