/** LiquidJS as this product lets templates use it: no files, limits set, its work counted. Loaded at the first template. */
import type { Context, Emitter, Liquid, Token } from "liquidjs";
import { MAX_FILLED } from "../template.ts";
import { MAX_INSTRUCTIONS } from "../workflow.ts";
import { counted } from "./cost.ts";

type Library = typeof import("liquidjs");

export interface Language {
  library: Library;
  liquid: Liquid;
}

/** What runs templates, and counts what they do. */
export interface Runner {
  renderTemplates: Liquid["renderer"]["renderTemplates"];
  takeFilter(name: string, values: unknown[]): void;
  takeOperator(name: string, values: unknown[]): void;
}

type Operators = Library["defaultOperators"];
type Compare = Extract<Operators[string], (left: unknown, right: unknown, context: Context) => unknown>;

/** Operators whose work hangs on what their values hold. */
const COMPARING = ["==", "!=", "<", ">", "<=", ">=", "contains"];

/** Tags that read other templates. */
export const TAGS_OF_FILES = ["include", "render", "layout", "block"];
/** Filters that take a text for an expression: what a value contains is never a template. */
export const FILTERS_OF_CODE = ["where", "reject", "group_by", "has", "find", "find_index"].map(
  (name) => `${name}_exp`,
);

/** Most milliseconds that one text may take. Work is counted too, and much less is allowed: this is the net below it. */
const RENDER_LIMIT_MS = 2_000;
/** Characters and items that values made on the way may hold together. */
const MEMORY_LIMIT = 10 * MAX_FILLED;

export function loadLanguage(runner: Runner): Language {
  // Loaded here, not above: most workflows have no such template, and pay nothing for it.
  const library = require("liquidjs") as Library; // what the package's types say that it exports
  const { Liquid, defaultOperators } = library;
  const operators: Operators = { ...defaultOperators };
  for (const name of COMPARING) {
    const compare = defaultOperators[name] as Compare; // each of these takes two values
    operators[name] = (left: unknown, right: unknown, context: Context) => {
      runner.takeOperator(name, [left, right]);
      return compare(left, right, context);
    };
  }
  const liquid = new Liquid({
    strictFilters: true,
    ownPropertyOnly: true,
    dynamicPartials: false,
    templates: {}, // in place of the file system
    locale: "en-US",
    operators,
    parseLimit: MAX_INSTRUCTIONS,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  liquid.registerTag("case", countedCase(library, runner));
  for (const name of TAGS_OF_FILES) delete liquid.tags[name];
  for (const name of FILTERS_OF_CODE) liquid.unregisterFilter(name);
  for (const [name, filter] of Object.entries(liquid.filters)) {
    const handler = typeof filter === "function" ? filter : filter.handler;
    liquid.registerFilter(name, counted(name, handler, runner.takeFilter));
  }
  liquid.renderer.renderTemplates = runner.renderTemplates;
  return { library, liquid };
}

/** The tag {% case %} compares without an operator: what that costs at most is counted before. */
function countedCase({ CaseTag }: Library, { takeOperator }: Runner) {
  return class extends CaseTag {
    override *render(context: Context, emitter: Emitter): ReturnType<InstanceType<Library["CaseTag"]>["render"]> {
      const sought: unknown = yield this.value.value(context, context.opts.lenientIf);
      for (const _ of this.branches.flatMap(({ values }) => values)) takeOperator("==", [sought, sought]);
      yield* super.render(context, emitter);
    }
  };
}

/** The line of the template's text in which a token begins, counted from 1. */
export function lineOf(token: Token): number {
  return token.getPosition()[0] ?? 1;
}

/** What an error of the library says, without the place that it adds to its message. */
export function reasonOf(error: unknown): string {
  if (error instanceof RangeError && /call stack/i.test(error.message)) return "it is nested too deeply";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, line:\d+, col:\d+$/, "");
}
