/** `/runs/ID/decide`: what waits for a person, with all that a yes is bound to. */
import { type Exhibit, emptyWords } from "../approval.ts";
import type { Bound } from "../engine/approvals.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { turnWords } from "../turn.ts";
import { ActionDialog, Opener } from "./dialogs.tsx";
import { Diff } from "./diff.tsx";
import { Layout } from "./layout.tsx";
import { Block, Code, Line, Mono, Text } from "./text.tsx";
import { Ago } from "./time.tsx";
import type { Markup, View } from "./view.ts";

const APPROVE = "approve";
const DENY = "deny";

export async function decidePage(view: View, instance_id: string): Promise<Markup> {
  const { instance } = await view.engine.status({ instance_id, history_limit: 0 });
  const { turn } = instance;
  const asks = turn?.kind === "approval" && !turn.approval?.yes;
  return (
    <Layout title={`Decide: ${instance.workflow_name}`} view={view} follows={{ run: instance_id }}>
      <p>
        <a href={`/runs/${encodeURIComponent(instance_id)}`}>
          ← <Line of={instance.workflow_name} />
        </a>
      </p>
      {asks ? (
        <Request view={view} bound={await view.engine.bound(instance_id)} />
      ) : (
        <>
          <h1>Nothing is asked of you here</h1>
          <p>{turn ? <Text of={`The run waits: ${turnWords(turn)}.`} /> : "The run is over."}</p>
        </>
      )}
    </Layout>
  );
}

function Request({ view, bound }: { view: View; bound: Bound }) {
  const { instance_id, workflow_name, step_name, visit, project, ask, since, expires_at, again, shown, branch } = bound;
  const { approval_id, hash } = bound;
  const actions = `/api/runs/${encodeURIComponent(instance_id)}`;
  const fields = { visit, approval_id, hash, shown: shown.map(({ what, digest }) => ({ what, digest })) };
  return (
    <>
      <div class="head">
        <h1>
          <Line of={step_name} /> needs your approval
        </h1>
        <div class="actions">
          <Opener opens={DENY} fields={fields} look="danger">
            Deny…
          </Opener>
          <Opener opens={APPROVE} fields={fields} look="main">
            Approve…
          </Opener>
        </div>
      </div>
      <section class="card asks" aria-label="What is asked">
        <pre class="text prose">
          <Text of={ask} />
        </pre>
        {again && (
          <p class="notice asks">
            It is asked again: <Text of={again} />
          </p>
        )}
        <dl class="facts">
          <dt>Workflow</dt>
          <dd>
            <Line of={workflow_name} />, visit {visit}
          </dd>
          <dt>Project</dt>
          <dd>
            <Mono of={project} />
          </dd>
          {branch && (
            <>
              <dt>Branch</dt>
              <dd>
                <Text of={hangsWords({ branch })} />
              </dd>
            </>
          )}
          <dt>Asked</dt>
          <dd>
            <Ago at={since} now={view.now} />
            {expires_at && (
              <>
                , over <Ago at={expires_at} now={view.now} />
              </>
            )}
          </dd>
        </dl>
      </section>
      <section class="section" aria-label="What a yes is bound to" data-bound={hash}>
        <h2>What a yes is bound to</h2>
        <p class="muted">If any of it changes before the step is handed out, you are asked again.</p>
        {shown.length === 0 && <p>The definition, the step and the question alone.</p>}
        {shown.map((exhibit) => (
          <Shown exhibit={exhibit} view={view} />
        ))}
      </section>
      <ActionDialog
        view={view}
        id={APPROVE}
        title="Approve it?"
        action={`${actions}/approve`}
        send="Approve"
        then={`/runs/${encodeURIComponent(instance_id)}`}
      >
        <p>
          <Line of={step_name} />, visit {visit}: <Line of={ask} most={300} />
        </p>
        <p>Your yes holds for this visit and for what is shown on this page.</p>
      </ActionDialog>
      <ActionDialog
        view={view}
        id={DENY}
        title="Deny it?"
        action={`${actions}/deny`}
        send="Deny"
        danger
        then={`/runs/${encodeURIComponent(instance_id)}`}
        words={{ name: "comment", label: "Comment, which the agent will read" }}
      >
        <p>
          <Line of={step_name} />, visit {visit}: <Line of={ask} most={300} />
        </p>
      </ActionDialog>
    </>
  );
}

function Shown({ exhibit, view }: { exhibit: Exhibit; view: View }) {
  const { what, fault, stat, text, bytes, changed_at } = exhibit;
  const empty = emptyWords(exhibit);
  return (
    <article class="card">
      <h3>
        <Mono of={what} />
        {changed_at && (
          <span class="muted small">
            {" "}
            changed <Ago at={changed_at} now={view.now} />
          </span>
        )}
      </h3>
      {fault && (
        <p class="notice bad">
          Not all can be shown: <Text of={fault} />
        </p>
      )}
      {stat && <Code of={stat} label="The files that changed" />}
      {text !== undefined && <Content what={what} text={text} />}
      {text !== undefined && bytes !== undefined && (
        <p class="notice asks">
          Cut at {Buffer.byteLength(text)} of {bytes} bytes. A yes is to all of it.
        </p>
      )}
      {empty !== null && <p>{empty}</p>}
    </article>
  );
}

function Content({ what, text }: { what: string; text: string }) {
  if (what === "changes") return <Diff of={text} label="What changed" />;
  return what.startsWith("context.") ? <Block of={text} /> : <Code of={text} label={what} />;
}
