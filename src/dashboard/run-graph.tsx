/** A run's workflow as a drawing, with the path that it took. */
import { raw } from "hono/html";
import type { Snapshot } from "../engine/read.ts";
import { modelOf } from "../graph/model.ts";
import { drawSvg } from "../graph/svg.ts";
import type { Walk } from "../overview.ts";

/** Drawn from the definition that the run is pinned to. */
export async function RunGraph({ snapshot, walk }: { snapshot: Snapshot; walk: Walk }) {
  const { instance, workflow } = snapshot;
  const visits = Object.fromEntries(Object.entries(instance.visits).map(([name, { count }]) => [name, count]));
  const path = { visits, taken: walk, current: instance.turn ? instance.step_name : null };
  return (
    <section class="section" aria-labelledby="way">
      <h2 id="way">The way it took</h2>
      <figure class="drawing" tabindex={0} aria-label="Drawing of the workflow">
        {raw(await drawSvg(modelOf(workflow), { path }))}
      </figure>
    </section>
  );
}
