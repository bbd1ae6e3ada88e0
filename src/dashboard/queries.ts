/** What a URL or a body asks, parsed once. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { Status } from "../instance.ts";
import { jsonFault } from "../json.ts";
import { MAX_SEARCHED } from "../overview.ts";
import { oneLine } from "../words.ts";

/** An empty field of a form is no wish. */
const wish = <T extends z.ZodType>(schema: T) =>
  z.preprocess((given) => (given === "" ? undefined : given), schema.optional());

const number = z
  .string()
  .regex(/^\d{1,9}$/, "Expected a whole number")
  .transform(Number);
const limit = (preset: number) => wish(number.pipe(z.int().min(1).max(200))).transform((given) => given ?? preset);

/** Of `/` and `/api/runs`. */
export const RunsQuery = z.object({
  status: wish(Status),
  workflow: wish(z.string().max(500)),
  /** Absent: all projects. */
  project: wish(z.string().max(4_096)),
  /** Runs that are not over. */
  live: wish(z.literal("1").transform(() => true)),
  text: wish(z.string().max(MAX_SEARCHED)),
  cursor: wish(z.string().max(500)),
});
export type RunsQuery = z.infer<typeof RunsQuery>;

/** How many runs `/api/runs` gives at once. */
export const PageQuery = z.object({ limit: limit(50) });

/** Of a run's history. */
export const HistoryQuery = z.object({ before: wish(number), limit: limit(50) });

/** Of what a check printed: by its number in the evidence of that entry, from 0 on. */
export const OutputQuery = z.object({ seq: number, check: number });

/** What a stream follows: one run, or without it the list of all. */
export const EventsQuery = z.object({ run: wish(z.string()) });

/** Of one entry of it. */
export const EntryQuery = z.object({ seq: z.coerce.number().int().positive() });

/** The value as the schema has it; throws INVALID_INPUT that names the field. */
export function parsed<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const fault = jsonFault(given, "the input");
  if (fault) throw faulty(fault);
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw faulty(`${where}${issue?.message ?? "it is not understood"}`);
}

/** Throws INSTANCE_NOT_FOUND for what can be no id. */
export function runId(text: string): string {
  if (/^[\w-]{1,100}$/.test(text)) return text;
  throw new AppError("INSTANCE_NOT_FOUND", `There is no instance "${oneLine(text, 100)}".`, {
    hint: "All runs are at /.",
  });
}

function faulty(why: string): AppError {
  return new AppError("INVALID_INPUT", `${oneLine(why, 300)}; nothing changed.`, {
    hint: "docs/page.md names the fields.",
  });
}
