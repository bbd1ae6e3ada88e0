/** A graph as the text of a Mermaid flowchart. Pure. */
import { visible } from "../words.ts";
import type { Edge, Graph, Node } from "./model.ts";
import { markLines, wayLabel } from "./words.ts";

/** Longest label of an edge, in characters. */
const MAX_LABEL = 80;

/** Nothing that an author wrote is taken for syntax: it stands in quotes, with all that has a meaning there escaped. */
export function mermaidOf({ start, nodes, edges }: Graph): string {
  const ids = new Map(nodes.map(({ name }, at) => [name, `n${at}`]));
  const idOf = (name: string) => ids.get(name) ?? "";
  return [
    "flowchart TD",
    ...nodes.map((node) => `  ${idOf(node.name)}${shaped(node)}`),
    `  start((" ")) --> ${idOf(start)}`,
    ...edges.map((edge) => `  ${idOf(edge.from)} ${lineOf(edge)} ${idOf(edge.to)}`),
  ].join("\n");
}

const SHAPES: Record<Node["kind"], [string, string]> = {
  agent: ["[", "]"],
  server: ["[[", "]]"],
  branches: ["{{", "}}"],
  end: ["([", "])"],
  gone: ["[", "]"],
};

function shaped(node: Node): string {
  const [open, close] = SHAPES[node.kind];
  const lines = [node.name, ...markLines(node)].map((line) => asLabel(line) || "#32;");
  return `${open}"${lines.join("<br/>")}"${close}`;
}

function lineOf({ ways }: Edge): string {
  const arrow = ways.every(({ kind }) => kind === "judged") ? "-.->" : "-->";
  const labels = [...new Set(ways.map(wayLabel).filter((label) => label !== ""))].map((label) => asLabel(cut(label)));
  return labels.length > 0 ? `${arrow}|"${labels.join("<br/>")}"|` : arrow;
}

function cut(text: string): string {
  return text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
}

/**
 * Characters of the syntax, of HTML and of Markdown as their codes, which Mermaid puts back after it has read all of these.
 * A colon too: before a code, behind the word `style`, it breaks that.
 */
function asLabel(text: string): string {
  const line = visible(text.toWellFormed().replace(/\s+/g, " ").trim());
  const coded = line.replace(/[^\p{L}\p{M}\p{N}\p{S}\p{Cf} .,=!?()/'…·-]|[<>`^~|$+]/gu, codeOf);
  // Not the beginning of a list.
  return coded.replace(/^[-=.]|(?<=^\d+)[.)]/, codeOf);
}

function codeOf(character: string): string {
  return `#${character.codePointAt(0)};`;
}
