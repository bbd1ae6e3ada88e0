/** What a kind of check is: all that the rest of the program asks of one. Each kind is a file here; `kinds.ts` lists them. */
import type { z } from "zod";
import type { Written } from "../written.ts";
import type { Finding, Looking, Noted, Tools } from "./looking.ts";

/** The schema of a check, as it is stored in a definition: its kind, and what it looks at. */
export type CheckSchema = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** Its functions are methods, so that all kinds fit one type; each is handed checks of its own kind alone, see `kindOf`. */
export interface CheckKind<Schema extends CheckSchema> {
  /** Its key in front matter. What it looks at is the value of that key. */
  kind: z.infer<Schema>["kind"];
  schema: Schema;
  /** One as an author writes it, for hints. */
  example: string;
  /** The keys that may stand beside it. */
  options: readonly string[];
  /** Reads one: `main` is the value of its own key, `options` holds those that stand beside it. */
  read(main: Written, options: ReadonlyMap<string, Written>): z.infer<Schema> | Fault;

  /** What it looks at, for people. */
  subject(check: z.infer<Schema>): string;
  /** Equal for two that look at the same thing, however long each may take. */
  identity(check: z.infer<Schema>): string;

  /** Whether it starts a program that a definition, or whoever started the server, names: on POSIX systems only. */
  startsProgram: boolean;
  /** Whether it may take long, so that it must be able to go on in the background. Git may, in a large project. */
  mayTakeLong: boolean;
  /** The name that `--command` must have given for it to be looked at. Without this method `--allow-checks` lets it. */
  commandName?(check: z.infer<Schema>): string;
  /** The files that are noted before the step is handed out; found again in the look's `baseline`. */
  noted?(check: z.infer<Schema>): Noted;
  /** What the agent is told to do or leave, whoever looks. */
  rule?(check: z.infer<Schema>): string;

  /** Looks. It may throw: that is a failure of the check. */
  look(check: z.infer<Schema>, at: Looking, tools: Tools): Promise<Finding>;
}

/** The first thing that is wrong with a check. */
export interface Fault {
  /** The key whose value is wrong. */
  key: string;
  /** What follows the key in the message. */
  why: string;
  /** Absent: the examples of all kinds. */
  hint?: string;
}
