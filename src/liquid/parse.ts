/** A text as a Liquid template, and all that is wrong with it. Stricter than LiquidJS: what it would pass over is a fault. */
import type { Template, Token, TopLevelToken } from "liquidjs";
import { nearName } from "../near-name.ts";
import { TEMPLATE_NAMES, type TemplateFault } from "../template.ts";
import { oneLine } from "../words.ts";
import { FILTERS_OF_CODE, type Language, lineOf, reasonOf, TAGS_OF_FILES } from "./language.ts";

export interface Parsed {
  templates: Template[];
  /** How a template stands in the text, to the end of its block. */
  written: (template: Template) => string;
  faults: TemplateFault[];
}

/** Most characters of a message. */
const MAX_MESSAGE = 300;
/** Tags that read all that stands in them. */
const READ_WHOLE = [
  "assign",
  "for",
  "tablerow",
  "if",
  "unless",
  "echo",
  "capture",
  "increment",
  "decrement",
  "break",
  "continue",
];

export function parseTemplate(text: string, { library, liquid }: Language): Parsed {
  const faults: TemplateFault[] = [];
  const ends = new WeakMap<Template, number>();
  const unknown = new Set<string>();
  /** How many tags {% liquid %} are open: what stands in them ends with them. */
  let short = 0;
  const parser = new library.Parser(liquid);
  const parseToken = parser.parseToken.bind(parser);

  function add(error: unknown, token?: Token): void {
    const at = library.LiquidError.is(error) ? error.token : token;
    const reason = oneLine(reasonOf(error), MAX_MESSAGE);
    faults.push({
      line: at ? lineOf(at) : 1,
      message: `It is no Liquid template: ${reason}`,
      hint: hintFor(reason, liquid),
    });
  }

  /** Goes on behind a fault of an output or an unknown tag; one of a block would make others of its parts. */
  parser.parseToken = (token: TopLevelToken, rest: TopLevelToken[]) => {
    const { name } = token as { name?: string }; // a tag's token has one
    const skipped = () => new library.InlineCommentTag(new library.TagToken("{%#%}", 0, 5, liquid.options), [], liquid);
    if (name !== undefined && !liquid.tags[name]) {
      if (!unknown.has(name.replace(/^end/, ""))) add(new Error(`tag "${name}" not found`), token);
      unknown.add(name);
      return skipped();
    }
    const isShort = name === "liquid";
    try {
      if (isShort) short += 1;
      const template = parseToken(token, rest);
      if (isShort) short -= 1;
      ends.set(template, rest[0]?.begin ?? (short > 0 ? template.token.end : text.length));
      refuseLeftOver(template, name);
      return template;
    } catch (error) {
      if (name !== undefined) throw error;
      add(error, token);
      return skipped();
    }
  };

  function read(): Template[] {
    try {
      return parser.parse(text);
    } catch (error) {
      add(error);
      return [];
    }
  }

  const templates = read();
  return {
    templates,
    faults,
    written: (template) => text.slice(template.token.begin, ends.get(template) ?? template.token.end),
  };

  /** LiquidJS takes the first value of several, and does not look at what follows a tag's own words. */
  function refuseLeftOver(template: Template, name: string | undefined): void {
    const values = [...(template.arguments?.() ?? [])].flatMap((each) => (each instanceof library.Value ? [each] : []));
    for (const { initial } of values)
      if (operandsLeft(initial.postfix, library) !== 1)
        throw new library.ParseError(new Error(NO_OPERATOR), template.token);
    if (name === undefined || !READ_WHOLE.includes(name)) return;
    const { tokenizer } = template.token as { tokenizer?: { remaining(): string } }; // a tag's token has one
    const left = tokenizer?.remaining().trim() ?? "";
    if (left !== "")
      throw new library.ParseError(new Error(`"${left}" is not understood in the tag "${name}"`), template.token);
  }
}

const NO_OPERATOR = "two values stand side by side, or an operator has no value";

/** How many values an expression in postfix order comes to. */
function operandsLeft(postfix: readonly { kind: number }[], { TypeGuards }: Language["library"]): number {
  let left = 0;
  for (const token of postfix) {
    if (!TypeGuards.isOperatorToken(token)) left += 1;
    else if (token.operator === "not") left = left < 1 ? Number.NaN : left;
    else left = left < 2 ? Number.NaN : left - 1;
  }
  return left;
}

/** Variables that nothing sets, neither the server nor the template: they would print nothing. */
export function unknownNames({ templates }: Parsed, { liquid }: Language): TemplateFault[] {
  const { globals, locals } = liquid.analyzeSync(templates, { partials: false });
  return Object.entries(globals).flatMap(([name, places]) => {
    if (TEMPLATE_NAMES.includes(name) || Object.hasOwn(locals, name)) return [];
    const near = nearName(name, TEMPLATE_NAMES);
    const hint = near === undefined ? `There are: ${TEMPLATE_NAMES.join(", ")}` : `Did you mean "${near}"?`;
    return [
      { line: places[0]?.location.row ?? 1, message: `There is no variable "${oneLine(name, MAX_MESSAGE)}"`, hint },
    ];
  });
}

function hintFor(reason: string, { filters, tags }: Language["liquid"]): string {
  const [, kind, name = ""] = /^(undefined filter: |tag ")([^"]*)/.exec(reason) ?? [];
  if (kind === undefined) return "Correct it; to show braces as text, put them between {% raw %} and {% endraw %}";
  if (TAGS_OF_FILES.includes(name))
    return "Templates read no files; {{file:path}} includes one when the workflow is loaded";
  if (FILTERS_OF_CODE.includes(name)) return `Use "${name.replace(/_exp$/, "")}", or {% if %} in a {% for %}`;
  if (/^(end|els|when)/.test(name)) return "It belongs to a tag that opens a block, and none is open here";
  const near = nearName(name, Object.keys(kind.startsWith("tag") ? tags : filters));
  return near === undefined ? "Look up the name at https://liquidjs.com" : `Did you mean "${near}"?`;
}
