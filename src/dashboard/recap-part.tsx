/** `/runs/ID/recap`: what an agent is told that resumes the run, for a person to copy. A fragment. */
import { isFinal } from "../instance.ts";
import { recapText } from "../mcp/recap-text.ts";
import { visible } from "../words.ts";
import type { Markup, View } from "./view.ts";

const TEXT = "recap-text";

export async function recapPart(view: View, instance_id: string): Promise<Markup> {
  const { outcome, recap } = await view.engine.recap(instance_id);
  const { status } = outcome.instance;
  const call = `Go on with it: call resume_workflow {"instance_id":"${instance_id}"} of the orchestrator.`;
  const lines = [recapText(outcome, recap, "Run of"), ...(isFinal(status) ? [`It is ${status}.`] : [call])];
  return (
    <>
      <pre class="text" id={TEXT}>
        {visible(lines.join("\n"))}
      </pre>
      <button type="button" data-copy={TEXT} class="tiny">
        Copy
      </button>
    </>
  );
}
