/** What the program itself judges definitions by. */
import { createLiquidRenderer } from "../../src/liquid/liquid-renderer.ts";
import type { Judges } from "../../src/markdown/judges.ts";
import { checkExpression, namesApproval } from "../../src/routes/expression.ts";
import { createAjvSchemaJudge } from "../../src/schemas/ajv-judge.ts";

export const JUDGES: Judges = {
  checkExpression,
  namesApproval,
  schemaFault: createAjvSchemaJudge().fault,
  templateFaults: createLiquidRenderer().faults,
};
