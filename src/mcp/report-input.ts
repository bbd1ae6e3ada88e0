/** A report as tools take it. */
import { z } from "zod";
import { MAX_ASSUMPTION, MAX_ASSUMPTIONS } from "../assumption.ts";
import { JsonObject } from "../json.ts";

const anyValue = () => z.unknown().meta({ type: ["object", "array", "string", "number", "boolean", "null"] });

const STATUSES =
  "success: the step's goal is reached and verified. failure: it is not; the workflow handles it. in_progress: a note, the step stays. paused: the user wants to stop here; somebody resumes later";

/** What its fields mean is told once in the list of tools: with `advance_workflow`. */
export function reportSchema({ told }: { told: boolean }) {
  const says = (description: string) => (told ? { description } : {});
  return z.object({
    step_id: z.string().max(200).optional().meta(says("Copy it from the step answer")),
    status: z.string().optional().meta(says(STATUSES)),
    result: anyValue().optional(),
    details: z
      .union([z.string(), JsonObject])
      .optional()
      .meta({ type: ["string", "object"], ...says("What you did, what you saw: commands, exit codes, numbers") }),
    message: z.string().optional(),
    error: z.string().optional(),
    next_step: z.string().max(200).optional().meta(says("Only when the answer asks you to choose: a candidate's name")),
    assumptions: z
      .array(z.string().trim().min(1).max(MAX_ASSUMPTION))
      .max(MAX_ASSUMPTIONS)
      .optional()
      .meta(says("What you decided on the user's behalf, a sentence each")),
  });
}
