/** The page as a Hono app: its routes. Knows nothing of who is let in; http/ does. */
import { type Context, Hono } from "hono";
import { AppError } from "../errors.ts";
import type { Page, Visitor } from "../page.ts";
import { createApi } from "./api.ts";
import { createAsksPin } from "./asks-pin.ts";
import { assetAt } from "./assets.ts";
import { branchesPart } from "./branches.tsx";
import { contextPart } from "./context.tsx";
import { decidePage } from "./decide-page.tsx";
import { entryPart } from "./entry-part.tsx";
import { createEvents } from "./events.ts";
import { createMoments } from "./moments.ts";
import type { DashboardParts } from "./parts.ts";
import { doorPage, problemPage } from "./problem-pages.tsx";
import { EntryQuery, HistoryQuery, parsed, RunsQuery, runId } from "./queries.ts";
import { recapPart } from "./recap-part.tsx";
import { runPage } from "./run-page.tsx";
import { runsPage } from "./runs-page.tsx";
import { createSharedPages } from "./shared-pages.ts";
import { statusOf } from "./status-of.ts";
import { timelinePart } from "./timeline.tsx";
import { createTurns } from "./turns.ts";
import type { Markup, View } from "./view.ts";
import { workflowPage, workflowsPage } from "./workflow-pages.tsx";

type Env = { Bindings: { visitor: Visitor }; Variables: { view: View } };

/** Of which moment a window was told. */
const MOMENT = "X-Moment";

const NOWHERE = { message: "There is no such page.", hint: "All runs are at /, all workflows at /workflows." };

export function createDashboard(parts: DashboardParts): Page {
  const { engine, pin, project, version, now, log } = parts;
  const moments = createMoments(engine);
  const events = createEvents({ engine, moments, log });
  const shared = createSharedPages(moments);
  const asksPin = createAsksPin(pin);
  const turn = createTurns();
  const app = new Hono<Env>({ strict: false });
  app.route("/api", createApi(parts, { events, moments }));
  app.use(async (c, next) => {
    const asks = await asksPin(momentIn(c.req.header(MOMENT)) === null);
    c.set("view", { engine, project, version, now: now(), url: new URL(c.req.url), asksPin: asks });
    await next();
  });
  /** Of pages that follow what changes. */
  const sharedPage = async (c: Context<Env>, render: (view: View) => Promise<Markup>) => {
    const { view } = c.var;
    const address = JSON.stringify([view.url.pathname, view.url.search, view.asksPin]);
    return c.html(
      await shared.page(address, momentIn(c.req.header(MOMENT)), async () => (await c.html(await render(view))).text()),
    );
  };
  app.get("/", (c) => sharedPage(c, (view) => runsPage(view, parsed(RunsQuery, c.req.query()))));
  app.get("/runs/:id", (c) => sharedPage(c, (view) => runPage(view, runId(c.req.param("id")))));
  app.get("/runs/:id/timeline", async (c) => {
    const asked = { instance_id: runId(c.req.param("id")), ...parsed(HistoryQuery, c.req.query()) };
    return c.html(await timelinePart(c.var.view, asked));
  });
  app.get("/runs/:id/branches", async (c) => c.html(await branchesPart(c.var.view, runId(c.req.param("id")))));
  app.get("/runs/:id/context", async (c) => c.html(await contextPart(c.var.view, runId(c.req.param("id")))));
  app.get("/runs/:id/decide", async (c) => c.html(await decidePage(c.var.view, runId(c.req.param("id")))));
  app.get("/runs/:id/entry", async (c) => {
    const asked = { instance_id: runId(c.req.param("id")), ...parsed(EntryQuery, c.req.query()) };
    return c.html(await entryPart(c.var.view, asked));
  });
  app.get("/runs/:id/recap", async (c) => c.html(await recapPart(c.var.view, runId(c.req.param("id")))));
  app.get("/workflows", async (c) => c.html(await workflowsPage(c.var.view)));
  app.get("/workflows/:name", async (c) => {
    const page = await workflowPage(c.var.view, c.req.param("name"));
    return page === null ? c.notFound() : c.html(page);
  });
  app.notFound((c) => c.html(problemPage(c.var.view, NOWHERE), 404));
  app.onError((error, c) => {
    if (error instanceof AppError) return c.html(problemPage(c.var.view ?? null, error), statusOf(error.code));
    log.error({ err: error }, "a page failed");
    const hint = "The server's log has the cause.";
    return c.html(problemPage(null, { message: "A defect of the server stopped this page.", hint }), 500);
  });

  return {
    asset: async (path) => assetAt(path),
    door: async (door) => {
      const headers = { "Content-Type": "text/html; charset=utf-8" };
      return new Response(String(await doorPage(door)), { status: 401, headers });
    },
    async fetch(request, visitor) {
      await turn(); // all pages that follow a run ask at once when it changed: agents' calls do not wait for all of them
      return request.signal.aborted ? new Response(null, { status: 499 }) : app.fetch(request, { visitor });
    },
    end: events.end,
  };
}

/** Null: the window was told of none. */
function momentIn(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
