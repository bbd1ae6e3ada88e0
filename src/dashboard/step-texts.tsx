/** The steps of a workflow, each folded: what is demanded of it, and its texts as the author wrote them. */
import { type Step, slugify, type Workflow } from "../workflow.ts";
import { Badge } from "./badge.tsx";
import { type Fact, factsOf } from "./step-facts.ts";
import { Block, Line, Mono, Text } from "./text.tsx";

export function StepTexts({ workflow }: { workflow: Workflow }) {
  return (
    <div class="card">
      {workflow.steps.map((step, at) => (
        <details class="step" id={`${slugify(workflow.name)}-${step.slug}`}>
          <summary>
            {at + 1}. <Line of={step.name} most={120} /> <Marks step={step} />
          </summary>
          <div>
            <Facts facts={factsOf(step)} />
            <Part title="Client Instructions" text={step.instructions} />
            <Part title="Orchestrator Guidance" text={step.guidance} />
            {step.sections.map(({ title, text }) => (
              <Part title={title} text={text} />
            ))}
            <p class="muted small">
              <Mono of={step.file} />
            </p>
          </div>
        </details>
      ))}
    </div>
  );
}

function Marks({ step: { run, approval, branches, checks } }: { step: Step }) {
  return (
    <>
      {approval && <Badge look="ask" word="a person approves" />} {run && <Badge look="wait" word="server" />}{" "}
      {branches && <Badge look="wait" word="branches" />} {checks && <Badge look="done" word="checked" />}
    </>
  );
}

export function Facts({ facts }: { facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([name, words]) => (
        <>
          <dt>{name}</dt>
          <dd>
            {words.map((line) => (
              <div>
                <Text of={line} />
              </div>
            ))}
          </dd>
        </>
      ))}
    </dl>
  );
}

function Part({ title, text }: { title: string; text: string }) {
  if (text === "") return null;
  return (
    <section>
      <h3 class="small muted">
        <Text of={title} />
      </h3>
      <Block of={text} prose />
    </section>
  );
}
