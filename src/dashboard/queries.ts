/** What a URL asks of a page or of /api, parsed once. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { Status } from "../instance.ts";
import { oneLine } from "../words.ts";

const text = z.string().max(200);
const wish = <T extends z.ZodType>(schema: T) =>
  z.preprocess((given) => (given === "" ? undefined : given), schema.optional());

/** Of `/` and `/api/runs`. An empty field of a form is no wish. */
export const RunsQuery = z.object({
  status: wish(Status),
  workflow: wish(text),
  /** Absent: all projects. */
  project: wish(z.string().max(4_096)),
  /** Runs that are not over. */
  live: wish(z.literal("1").transform(() => true)),
  text: wish(text),
  cursor: wish(z.string().max(500)),
});
export type RunsQuery = z.infer<typeof RunsQuery>;

/** Of a run's history. */
export const HistoryQuery = z.object({
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** The value as the schema has it; throws INVALID_INPUT that names the field. */
export function parsed<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = oneLine(issue?.path.join(".") || "the whole", 200);
  throw new AppError(
    "INVALID_INPUT",
    `${where} is not as it should be: ${oneLine(issue?.message ?? "", 300)}; nothing changed.`,
    {
      hint: "docs/page.md names the fields.",
    },
  );
}
