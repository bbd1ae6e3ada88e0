/** `orchestrator graph NAME`: a workflow drawn, for a terminal, as Mermaid or as SVG. */
import { terminalSettings } from "../config.ts";
import { findLoaded } from "../engine/start.ts";
import { type Graph, graphsOf } from "../graph/model.ts";
import { visible } from "../words.ts";
import type { Catalog } from "../workflow.ts";
import { type Command, DEFINITIONS, PROJECT, type Terminal, withApp } from "./command.ts";

export const graph: Command = {
  name: "graph",
  summary: "Draw a workflow: its steps, and what leads from one to another",
  arguments: "NAME",
  options: {
    mermaid: { type: "boolean", help: "Print a Mermaid flowchart, which GitHub and many editors draw" },
    svg: { type: "boolean", help: "Print an SVG picture" },
    ...DEFINITIONS,
    ...PROJECT,
  },
  run: (words, terminal) => {
    const [name, ...more] = words.positionals;
    const { mermaid, svg } = words.values;
    if (!name || more.length > 0 || (mermaid && svg)) {
      const what = mermaid && svg ? "Choose one of --mermaid and --svg" : "Name one workflow";
      terminal.complain(`${what}: orchestrator graph NAME (orchestrator list names them)`);
      return Promise.resolve(2);
    }
    return withApp(words, terminal.stop, async ({ engine }) => {
      const graphs = graphsIn(await engine.catalog(), name);
      const [first] = graphs;
      // A file holds one picture; a private workflow has a name too.
      if (first && svg) {
        const { drawSvg } = await import("../graph/svg.ts");
        terminal.print(await drawSvg(first, { standalone: true }));
      } else if (first && mermaid) {
        const { mermaidOf } = await import("../graph/mermaid.ts");
        terminal.print(mermaidOf(first));
      } else await printText(graphs, terminal);
      return 0;
    });
  },
};

/** Those of the workflow of that name, or of a private one: `PARENT/dir`. Throws DEFINITION_NOT_FOUND, DEFINITION_INVALID. */
function graphsIn(catalog: Catalog, name: string): Graph[] {
  for (const { workflow } of catalog.workflows.values()) {
    if (!name.startsWith(`${workflow.name}/`)) continue;
    const own = graphsOf(workflow).find((each) => each.name === name);
    if (own) return [own];
  }
  return graphsOf(findLoaded(catalog, name).workflow);
}

async function printText(graphs: readonly Graph[], { printRaw, ends }: Terminal): Promise<void> {
  const { drawText } = await import("../graph/terminal.ts");
  const { color } = terminalSettings();
  const width = color ? ends().output.columns || 80 : 80;
  for (const [at, each] of graphs.entries()) {
    if (graphs.length > 1) printRaw(`${at > 0 ? "\n" : ""}${visible(each.name)}\n`);
    printRaw(drawText(each, { colour: color, width }));
  }
}
