/** `/workflows` and `/workflows/NAME`: what can be started, and how past runs of it went. */

import { visible } from "../words.ts";
import { type LoadedWorkflow, type Problem, slugify, type Workflow } from "../workflow.ts";
import { Badge } from "./badge.tsx";
import { Drawing } from "./drawing.tsx";
import { Layout } from "./layout.tsx";
import { Problems } from "./problems.tsx";
import { StatisticsTable } from "./statistics.tsx";
import { inputWords, schemaWords } from "./step-facts.ts";
import { Facts, StepTexts } from "./step-texts.tsx";
import { Block, Line, Mono, Text } from "./text.tsx";
import type { Markup, View } from "./view.ts";

export async function workflowsPage(view: View): Promise<Markup> {
  const { workflows, invalid, places } = await view.engine.catalog();
  return (
    <Layout title="Workflows" view={view}>
      <h1>Workflows</h1>
      {[...invalid].map(([name, problems]) => (
        <Broken name={name} problems={problems} />
      ))}
      {workflows.size === 0 && <p class="notice">There is no workflow that can be started.</p>}
      <ul class="cards">
        {[...workflows.values()].map((loaded) => (
          <Card loaded={loaded} />
        ))}
      </ul>
      <p class="muted small">
        Looked in{" "}
        {places.map((place, at) => (
          <>
            {at > 0 && ", "}
            <Text of={place} />
          </>
        ))}
        .
      </p>
    </Layout>
  );
}

function Card({ loaded: { workflow, warnings = [] } }: { loaded: LoadedWorkflow }) {
  const { name, description, goal, steps } = workflow;
  return (
    <li class="card">
      <h2>
        <a href={addressOf(name)}>
          <Line of={name} most={100} />
        </a>
      </h2>
      <p>
        <Line of={description ?? goal} most={240} />
      </p>
      <p class="muted small">
        {counted(steps.length, "step")}
        {warnings.length > 0 && ` · ${counted(warnings.length, "warning")}`}
      </p>
    </li>
  );
}

function Broken({ name, problems }: { name: string; problems: readonly Problem[] }) {
  return (
    <section class="card bad" aria-label={`${visible(name)} cannot be started`}>
      <div class="head">
        <h2>
          <Line of={name} most={100} />
        </h2>
        <Badge look="fail" word={`cannot be started: ${counted(problems.length, "problem")}`} />
      </div>
      <Problems problems={problems} bad />
    </section>
  );
}

/** Null if there is none of that name, and no run of it either. */
export async function workflowPage(view: View, name: string): Promise<Markup | null> {
  const [{ workflows, invalid, places }, statistics] = await Promise.all([
    view.engine.catalog(),
    view.engine.statistics(name),
  ]);
  const loaded = workflows.get(name);
  const problems = invalid.get(name);
  if (!loaded && !problems && statistics.runs === 0) return null;
  return (
    <Layout title={name} view={view}>
      <div class="head">
        <h1>
          <Line of={name} most={120} />
        </h1>
        <p class="actions">
          <a class="button" href={`/?${new URLSearchParams({ workflow: name })}`}>
            Its runs
          </a>
        </p>
      </div>
      {problems && <Broken name={name} problems={problems} />}
      {!loaded && !problems && <Elsewhere view={view} name={name} places={places} />}
      {loaded && <Definition loaded={loaded} />}
      <section class="section" aria-labelledby="past">
        <h2 id="past">Past runs</h2>
        <StatisticsTable statistics={statistics} />
      </section>
    </Layout>
  );
}

/** Runs of it there are, but no files where this server looks: drawn as its newest run has it. */
async function Elsewhere({ view: { engine }, name, places }: { view: View; name: string; places: readonly string[] }) {
  const { runs } = await engine.overview({ workflow_name: name, project: null, limit: 1 });
  const [newest] = runs;
  const found = newest && (await engine.status({ instance_id: newest.instance_id, history_limit: 0 }));
  return (
    <>
      <p class="notice">
        It is not where this server looks (<Text of={places.join(", ")} />
        ): its files are gone, or elsewhere. Runs of it go on by the definition that they began with.
      </p>
      {found && (
        <>
          <p>
            As its newest run{" "}
            <a href={`/runs/${encodeURIComponent(found.instance.instance_id)}`}>
              <Mono of={found.instance.instance_id} />
            </a>{" "}
            began with it:
          </p>
          <Steps workflow={found.workflow} />
          <Used workflow={found.workflow} />
        </>
      )}
    </>
  );
}

function Definition({ loaded: { workflow, warnings = [] } }: { loaded: LoadedWorkflow }) {
  const { name, description, goal, inputs, outputs } = workflow;
  return (
    <>
      {description !== undefined && (
        <p>
          <Text of={description} />
        </p>
      )}
      <section class="card" aria-labelledby="goal">
        <h2 id="goal">Goal</h2>
        <Block of={goal} prose />
        <Facts
          facts={[
            ...(inputs ? [["Begins with", inputWords(inputs)] satisfies [string, string[]]] : []),
            ...(outputs ? [["Ends with", schemaWords(outputs)] satisfies [string, string[]]] : []),
          ]}
        />
        <p class="copied">
          <span class="muted">Say to your agent:</span>
          <code id="say">
            Use the orchestrator's workflow <Text of={name} />.
          </code>
          <button type="button" class="scripted tiny" data-copy="say">
            Copy
          </button>
        </p>
      </section>
      {warnings.length > 0 && (
        <section class="section" aria-labelledby="warnings">
          <h2 id="warnings">{counted(warnings.length, "warning")}</h2>
          <Problems problems={warnings} bad={false} />
        </section>
      )}
      <Steps workflow={workflow} />
      <Used workflow={workflow} />
    </>
  );
}

function Steps({ workflow }: { workflow: Workflow }) {
  const id = `steps-${slugify(workflow.name)}`;
  const slugs = new Map(workflow.steps.map(({ name, slug }) => [name, slug]));
  const placeOf = (step: string) => (slugs.has(step) ? `#${slugify(workflow.name)}-${slugs.get(step)}` : undefined);
  return (
    <section class="section" aria-labelledby={id}>
      <h2 id={id}>{counted(workflow.steps.length, "step")}</h2>
      <Drawing workflow={workflow} links={placeOf} />
      <StepTexts workflow={workflow} />
    </section>
  );
}

/** Those that its steps use: a link, or, of a private one, which stands in no list, its steps. */
function Used({ workflow: { name, used = {} } }: { workflow: Workflow }) {
  return (
    <>
      {Object.values(used).map(({ workflow }) =>
        workflow.name.startsWith(`${name}/`) ? (
          <>
            <h2>
              Its own workflow <Mono of={workflow.name} />
            </h2>
            <Steps workflow={workflow} />
            <Used workflow={workflow} />
          </>
        ) : (
          <p>
            Its branches run{" "}
            <a href={addressOf(workflow.name)}>
              <Line of={workflow.name} most={100} />
            </a>
            .
          </p>
        ),
      )}
    </>
  );
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function addressOf(name: string): string {
  return `/workflows/${encodeURIComponent(name)}`;
}
