/** The `# Routes` section of a step: list items that say which step follows when. Does not evaluate them. */
import type { Token } from "marked";
import { oneLine } from "../words.ts";
import { ENDS, type Route } from "../workflow.ts";
import { isQuiet, type MarkdownDocument, plainText, textOf } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { type Item, listItems } from "./list-items.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** A route and where it stands. */
export interface PlacedRoute extends Route {
  at: Origin;
}

const SYNTAX_HINT = 'Write "- `CEL expression` → Step Name", or "- otherwise → Step Name" as the last one';
const ARROW = /→|->/;

/** The routes between two offsets, in order; other items become problems. */
export function parseRoutes(
  document: MarkdownDocument,
  section: { start: number; end: number },
  source: Expanded,
  reading: Reading,
): PlacedRoute[] {
  const blocks = document.blocks.filter(({ start }) => start >= section.start && start < section.end);
  const routes: PlacedRoute[] = [];
  const refuse = (line: number, message: string, hint = SYNTAX_HINT) =>
    reading.problems.add("ROUTE_SYNTAX", source.origin(line), { message, hint });
  const items = listItems(document, blocks);
  for (const item of items) {
    const tokens = item.paragraphs[0]?.map(({ token }) => token) ?? [];
    const route = readRoute(tokens);
    if (route && item.paragraphs.length === 1 && !item.holdsMore)
      routes.push({ ...route, ...aboutOf(route, reading), at: source.origin(item.line) });
    else if (route) refuse(item.line, `A route holds more than a route: "${shorten(plainText(tokens))}"`);
    else refuse(item.line, `A list item of "Routes" is not a route: "${shorten(plainText(tokens))}"`);
  }
  const others = blocks.filter(({ token }) => !isQuiet(token) && token.type !== "list");
  // Prose alone, such as "None", is an empty section to the caller.
  const isProse =
    items.length === 0 && others.every(({ token }) => token.type === "paragraph" && !isRoute(document, token));
  for (const { token, line } of isProse ? [] : others) reportOther(document, { token, line }, refuse);
  return routes;
}

/** Reports what stands in the section and is no list of routes: it would decide nothing. */
function reportOther(
  document: MarkdownDocument,
  { token, line }: { token: Token; line: number },
  refuse: (line: number, message: string, hint?: string) => void,
): void {
  const isList = token.type === "blockquote" && /^[\s>]*(?:[-*+]|\d+[.)])\s/.test(token.raw);
  if (isList) return; // its items were read
  const text = shorten(oneLine(token.raw, 80));
  if (isRoute(document, token)) refuse(line, `A route is not a list item, and would be ignored: "${text}"`);
  else
    refuse(
      line,
      `What stands in "Routes" beside the list decides nothing: "${text}"`,
      `${SYNTAX_HINT}; words for whoever decides belong in "Orchestrator Guidance"`,
    );
}

function isRoute(document: MarkdownDocument, token: Token): boolean {
  const tokens = token.type === "paragraph" ? document.inline(token) : undefined;
  return tokens !== undefined && readRoute(tokens) !== undefined;
}

/** The list items between two offsets that read as routes. */
export function routesIn(document: MarkdownDocument, section: { start: number; end: number }): Item[] {
  const blocks = document.blocks.filter(({ start }) => start >= section.start && start < section.end);
  const isRoute = ({ paragraphs: [first] }: Item) => readRoute(first?.map(({ token }) => token) ?? []) !== undefined;
  return listItems(document, blocks).filter(isRoute);
}

/** Checks what only the whole workflow can tell: targets, expressions, and routes that are never tried. */
export function checkRoutes(
  routes: readonly PlacedRoute[],
  { stepNames, isBranched }: { stepNames: readonly string[]; isBranched: boolean },
  { problems, judges }: Reading,
): void {
  const names = [...stepNames, ...ENDS];
  let otherwise: PlacedRoute | undefined;
  for (const route of routes) {
    const { when, to, at } = route;
    if (problems.isFull) return;
    if (otherwise)
      problems.add("ROUTE_UNREACHABLE", at, {
        message: `The route to "${to}" is never tried: it stands after "otherwise" (line ${otherwise.at.line})`,
        hint: 'Keep one "otherwise", as the last route',
      });
    otherwise ??= when === null ? route : undefined;
    const fault = when === null ? null : judges.checkExpression(when, isBranched ? "joined" : "route");
    if (fault !== null)
      problems.add("ROUTE_EXPRESSION", at, {
        message: `The expression "${when}" cannot be evaluated: ${fault}`,
        hint: isBranched ? JOINED_HINT : ROUTE_HINT,
      });
    if (!names.includes(to))
      problems.add("ROUTE_TARGET", at, {
        message: `The route leads to "${to}", and no step has that name`,
        hint: targetHint(to, names),
      });
  }
}

const ROUTE_HINT =
  "Write CEL over report, context, visits, step, unattended and approval, like `report.status == 'success'`; a step with \"uses\" has branches too";
const JOINED_HINT =
  "Write CEL over branches, report, context, visits, step, unattended and approval, like `branches.failed > 0`; branches has total, completed, failed, cancelled and results";

/** The step that was probably meant, else all there are. */
export function targetHint(to: string, names: readonly string[]): string {
  const near = nearest(to, names);
  return near ? `Did you mean "${near}"?` : `Use the text of a step's link: ${names.map(quote).join(", ")}`;
}

function aboutOf({ when }: Route, { judges }: Reading): Pick<Route, "about"> {
  return when !== null && judges.namesApproval(when) ? { about: "approval" } : {};
}

function readRoute(tokens: readonly Token[]): Route | undefined {
  const split = splitAtArrow(tokens);
  if (!split) return undefined;
  const to = plainText(split.after);
  const condition = readCondition(split.before);
  return to === "" || condition === undefined ? undefined : { when: condition, to };
}

/** The expression, null for `otherwise`, undefined for anything else. */
function readCondition(tokens: readonly Token[]): string | null | undefined {
  const visible = tokens.filter((token) => token.raw.trim() !== "");
  const [only, second] = visible;
  const text = plainText(visible);
  if (text.toLowerCase() === "otherwise") return null;
  if (!only || second) return undefined;
  if (only.type === "codespan") return text === "" ? undefined : textOf(only).trim();
  return "tokens" in only && only.tokens ? readCondition(only.tokens) : undefined;
}

/** At the first arrow in plain text; one in code belongs to the expression. */
function splitAtArrow(tokens: readonly Token[]): { before: Token[]; after: Token[] } | undefined {
  for (const [index, token] of tokens.entries()) {
    const text = token.type === "text" ? textOf(token) : "";
    const arrow = ARROW.exec(text);
    if (!arrow) continue;
    const before = [...tokens.slice(0, index), textToken(text.slice(0, arrow.index))];
    const after = [textToken(text.slice(arrow.index + arrow[0].length)), ...tokens.slice(index + 1)];
    return { before, after };
  }
  return undefined;
}

function textToken(text: string): Token {
  return { type: "text", raw: text, text };
}

function quote(text: string): string {
  return `"${text}"`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
