/** A run's context as a card, and `/runs/ID/context`: all of a large one, fetched when somebody opens it. */
import { effectiveContext, type Instance } from "../instance.ts";
import { Mono, Text, Value } from "./text.tsx";
import type { Markup, View } from "./view.ts";

/** Characters of a value that are shown unopened. */
const MAX_VALUE = 120;
/** Most keys that are shown each by itself: the page is made anew at each change of its run. */
const MAX_KEYS = 200;

export function Context({ instance }: { instance: Instance }) {
  const keys = Object.entries(effectiveContext(instance));
  return (
    <section class="card" aria-labelledby="context">
      <h2 id="context">Context</h2>
      {keys.length === 0 && <p class="muted">Empty.</p>}
      {keys.slice(0, MAX_KEYS).map(([key, value]) => (
        <Key key={key} name={key} value={value} />
      ))}
      {keys.length > MAX_KEYS && (
        <details id="context-all" data-src={`/runs/${encodeURIComponent(instance.instance_id)}/context`}>
          <summary class="small">All {keys.length} keys</summary>
        </details>
      )}
    </section>
  );
}

/** A part, not a page. Rejects with INSTANCE_NOT_FOUND. */
export async function contextPart(view: View, instance_id: string): Promise<Markup> {
  const { instance } = await view.engine.status({ instance_id, history_limit: 0 });
  return <Value of={effectiveContext(instance)} />;
}

function Key({ name, value }: { name: string; value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= MAX_VALUE && !text.includes("\n")) {
    return (
      <p class="small">
        <Mono of={name} /> <Text of={text} />
      </p>
    );
  }
  return (
    <details id={`context-${Bun.hash(name).toString(36)}`}>
      <summary class="small">
        <Mono of={name} /> <span class="muted">{Buffer.byteLength(text)} bytes</span>
      </summary>
      <Value of={value} />
    </details>
  );
}
