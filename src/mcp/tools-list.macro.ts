/** Runs while the program is bundled (or, from source, transpiled): what never changes is not made at each start. */
import { jsonText } from "../json.ts";
import { TOOLS } from "./tools.ts";

/** A client that otherwise shows its model the names of tools alone loads these whole. */
const ALWAYS_LOAD = { "anthropic/alwaysLoad": true };

/** The result of `tools/list`, as JSON. */
export function toolsList(): string {
  const tools = TOOLS.map(({ name, title, description, input, output, annotations, alwaysLoad }) => ({
    name,
    title,
    description,
    inputSchema: input(),
    outputSchema: output,
    annotations,
    ...(alwaysLoad ? { _meta: ALWAYS_LOAD } : {}),
  }));
  return jsonText({ tools });
}
