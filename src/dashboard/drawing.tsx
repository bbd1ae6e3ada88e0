/** A workflow as a drawing; the keyboard reaches it to scroll. */
import { raw } from "hono/html";
import { modelOf } from "../graph/model.ts";
import { drawSvg, type SvgOptions } from "../graph/svg.ts";
import { visible } from "../words.ts";
import type { Workflow } from "../workflow.ts";

/** `path`, `links`: see `drawSvg`, which escapes all that an author wrote. */
export async function Drawing({ workflow, ...options }: { workflow: Workflow } & Pick<SvgOptions, "path" | "links">) {
  return (
    <figure class="drawing" tabindex={0} aria-label={`Drawing of ${visible(workflow.name)}`}>
      {raw(await drawSvg(modelOf(workflow), options))}
    </figure>
  );
}
