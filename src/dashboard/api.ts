/** JSON for programs and for the page's script: runs, what waits, workflows, and what a person does. */
import { type Context, Hono } from "hono";
import type { z } from "zod";
import type { Visitor } from "../page.ts";
import { waitingFor } from "../turn.ts";
import { ACTIONS } from "./actions.ts";
import type * as answers from "./answers.ts";
import { ApiError, answerOf } from "./api-error.ts";
import type { Events } from "./events.ts";
import { isPerson } from "./is-person.ts";
import type { Moments } from "./moments.ts";
import type { DashboardParts } from "./parts.ts";
import { EventsQuery, HistoryQuery, OutputQuery, PageQuery, parsed, RunsQuery, runId } from "./queries.ts";
import { workflowAnswer, workflowsAnswer } from "./workflow-answers.ts";

type Env = { Bindings: { visitor: Visitor } };

/** After which a page that found no room may try again, in seconds. */
const RETRY_SECONDS = 30;

const NOTHING = { code: "NOT_FOUND", message: "There is nothing here.", hint: "docs/page.md names all that there is." };

export function createApi(
  { engine, pin, log }: DashboardParts,
  { events, moments }: { events: Events; moments: Moments },
): Hono<Env> {
  const app = new Hono<Env>({ strict: false });
  app.get("/runs", async (c) => {
    const { workflow: workflow_name, project = null, ...query } = parsed(RunsQuery, c.req.query());
    const { limit } = parsed(PageQuery, c.req.query());
    return json<typeof answers.RunsAnswer>(await engine.overview({ ...query, workflow_name, project, limit }));
  });
  app.get("/runs/:id", async (c) => {
    const instance_id = idOf(c);
    const { instance, workflow, below } = await engine.status({ instance_id, history_limit: 0, branches: "near" });
    const [walk, forks, held, refused] = await Promise.all([
      engine.walk(instance_id),
      engine.forks(instance_id),
      engine.held(instance_id),
      engine.refused(instance_id),
    ]);
    const waiting_for = waitingFor(instance);
    const run = { run: instance, waiting_for, workflow, branches: below };
    return json<typeof answers.RunAnswer>({ ...run, walk, forks, held, refused });
  });
  app.get("/runs/:id/history", async (c) => {
    const { before: history_before, limit: history_limit } = parsed(HistoryQuery, c.req.query());
    const found = await engine.status({ instance_id: idOf(c), history_limit, history_before });
    return json<typeof answers.HistoryAnswer>({ entries: found.history, total: found.instance.last_seq });
  });
  app.get("/runs/:id/output", async (c) => {
    const kept = await engine.output({ instance_id: idOf(c), ...parsed(OutputQuery, c.req.query()) });
    if (kept) return json<typeof answers.OutputAnswer>(kept);
    throw new ApiError(404, { ...NOTHING, message: "No output of that check is kept." });
  });
  app.get("/runs/:id/bound", async (c) => json<typeof answers.BoundAnswer>(await engine.bound(idOf(c))));
  app.get("/approvals", async () => json<typeof answers.WaitingAnswer>({ waiting: await engine.waiting() }));
  app.get("/workflows", async () => json<typeof answers.WorkflowsAnswer>(workflowsAnswer(await engine.catalog())));
  app.get("/workflows/:name", async (c) => {
    const found = workflowAnswer(await engine.catalog(), c.req.param("name"));
    return json<typeof answers.WorkflowAnswer>(found);
  });
  app.get("/workflows/:name/statistics", async (c) => {
    const name = c.req.param("name");
    const statistics = await engine.statistics(name);
    if (statistics.runs === 0) workflowAnswer(await engine.catalog(), name); // throws if there is none
    return json<typeof answers.StatisticsAnswer>(statistics);
  });
  app.get("/moment", async () => json<typeof answers.MomentAnswer>({ moment: await moments.lately() }));
  app.get("/events", async (c) => {
    if (c.req.raw.method === "HEAD") return new Response(null); // nobody would read the stream
    const { run } = parsed(EventsQuery, c.req.query());
    const follows = run === undefined ? "list" : { run: runId(run) };
    const opened = await events.open({ follows, session: c.env.visitor.session });
    return opened instanceof Response ? opened : tooMany(opened);
  });
  for (const [name, act] of Object.entries(ACTIONS)) {
    app.post(`/runs/:id/${name}`, async (c) => {
      const { visitor } = c.env;
      const parts = { engine, isPerson: (given: string | undefined) => isPerson(pin, visitor, given) };
      const run = await act(parts, { instance_id: idOf(c), given: visitor.body });
      const { instance_id, status, step_name, visit } = run;
      const waiting_for = waitingFor(run);
      return json<typeof answers.DoneAnswer>({ instance_id, status, step_name, visit, waiting_for });
    });
  }
  app.all("*", () => Response.json({ error: NOTHING }, { status: 404 }));
  app.onError((error) => {
    const expected = answerOf(error);
    if (expected) return expected;
    log.error({ err: error }, "a request to /api failed");
    const message = "A defect of the server stopped this request.";
    const hint = "The server's log has the cause.";
    return Response.json({ error: { code: "INTERNAL_ERROR", message, hint } }, { status: 500 });
  });
  return app;
}

/** What is answered has its schema's type. */
function json<T extends z.ZodType>(value: z.input<T>): Response {
  return Response.json(value);
}

function idOf(c: Context): string {
  return runId(c.req.param("id") ?? "");
}

function tooMany(why: "full" | "yours"): Response {
  const message = why === "full" ? "Too many pages follow what happens." : "Too many pages of this session follow.";
  const error = { code: "TOO_MANY", message, hint: "Close some, or try again later." };
  const headers = { "Retry-After": String(RETRY_SECONDS) };
  return Response.json({ error }, { status: why === "full" ? 503 : 429, headers });
}
