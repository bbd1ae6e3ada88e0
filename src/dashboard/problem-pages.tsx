/** What is shown instead of a page: to who is not let in, and if something is wrong. */
import type { Door } from "../page.ts";
import { visible } from "../words.ts";
import { Layout } from "./layout.tsx";
import type { Markup, View } from "./view.ts";

const DOOR = {
  unknown: "This page is for whoever started the server.",
  spent: "This link was opened before: each lets in once.",
  wrong: "That is not the server's token.",
};

export function doorPage({ why, asksToken, to }: Door): Markup {
  return (
    <Layout title="Not let in" view={null}>
      <h1>{DOOR[why]}</h1>
      {asksToken ? (
        <form class="card door" method="post" action="/entry">
          <input type="hidden" name="to" value={to} />
          <label>
            <span>The server's token</span>
            <input type="password" name="token" autocomplete="off" required />
          </label>
          <div class="actions">
            <button type="submit" class="main">
              Open
            </button>
          </div>
        </form>
      ) : null}
      <p>
        In a terminal of this machine, <code>orchestrator dashboard</code> opens a page of its own; give it the same{" "}
        <code>--db</code> as the server.
      </p>
    </Layout>
  );
}

/** `view`: null if none could be made. */
export function problemPage(view: View | null, { message, hint }: { message: string; hint: string }): Markup {
  return (
    <Layout title="Not found" view={view}>
      <h1>{visible(message)}</h1>
      <p>{visible(hint)}</p>
    </Layout>
  );
}
