/**
 * Judges of the parts of a definition that are not Markdown. Other folders implement them; the composition root hands
 * them in.
 */
import type { JsonObject } from "../json.ts";
import type { TemplateFault } from "../template.ts";
import type { ExpressionPlace } from "../workflow.ts";

/** The two that check return null for what can be used, else what is wrong with it, in one line. */
export interface Judges {
  /** A CEL expression, by what it may name and must give there. */
  checkExpression(expression: string, place: ExpressionPlace): string | null;
  /** Whether an expression names what a person decided; false for one that cannot be used. */
  namesApproval(expression: string): boolean;
  /** A JSON Schema. */
  schemaFault(schema: JsonObject): string | null;
  /** Instructions with `template: liquid`: all that is wrong, by line. */
  templateFaults(text: string): TemplateFault[];
}
