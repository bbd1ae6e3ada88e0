/** What one run says of a client: what its model was given, in which form, and what was not as it must be. */

import { READING_TOOLS } from "../../src/clients/known.ts";
import { isTool, SERVER_NAME, WRITING_TOOLS } from "./client-kind.ts";
import type { Drive } from "./drive.ts";
import { type Play, type Seen, unescaped } from "./play.ts";
import { SCENES } from "./scenario.ts";
import type { Message, Passed } from "./wire/wire.ts";

export interface Findings {
  /** The methods that it opened with, and the protocol version of each. */
  opened: string;
  /** Its capabilities by name, and which lists beside the tools it asks for. */
  declares: string;
  asks: string;
  /** How many of our tools reached the model, and how much of the server's instructions. */
  tools: string;
  instructions: string;
  /** The form in which the model was given an answer, and an error. */
  success: Form;
  error: Form;
  /** How many of the scenes went as they must. */
  scenes: string;
  /** Empty if all was as it must be. */
  complaints: string[];
}

type Form = "text" | "structured" | "both" | "neither" | "–";

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities";

export function findingsOf({ play, wire, exitCode }: Drive): Findings {
  const given = play.bodies.map(unescaped);
  const tools = toolsGiven(wire, play, given);
  const scenes = SCENES.map(({ title }) => ({ title, seen: play.seen.find((each) => each.title === title) }));
  const good = scenes.filter(({ seen }) => seen?.missing.length === 0);
  return {
    ...greetingOf(wire),
    tools: `${tools.named} of ${tools.all}${play.searches > 0 ? `, ${play.searches} searched` : ""}`,
    instructions: instructionsGiven(wire, given),
    success: formOf(wire, play.seen, "start"),
    error: formOf(wire, play.seen, "error"),
    scenes: `${good.length} of ${scenes.length}`,
    complaints: [
      ...(exitCode === 0 ? [] : [`it ended with ${exitCode ?? "a kill, for taking too long"}`]),
      ...(tools.named > 0 && tools.named === tools.all
        ? []
        : [`${tools.named} of ${tools.all} tools reached the model`]),
      ...scenes.flatMap(({ title, seen }) => complaintsOf(title, seen)),
    ],
  };
}

function complaintsOf(title: string, seen: Seen | undefined): string[] {
  if (!seen) return [`${title}: no answer reached the model`];
  if (seen.missing.length === 0) return [];
  return [`${title}: the model was not given ${seen.missing.join(", ")}, but: ${seen.raw.slice(0, 400)}`];
}

/** What the client opened with, in order; a client that opens twice says so twice. */
function greetingOf(wire: Passed[]): Pick<Findings, "opened" | "declares" | "asks"> {
  const sent = wire.flatMap(({ from, message }) => (from === "client" && message.method ? [message] : []));
  const openings = sent.flatMap(({ method, params }) => {
    if (method === "server/discover") return [`${method} ${params?._meta?.[VERSION_KEY] ?? "?"}`];
    return method === "initialize" ? [`${method} ${params?.protocolVersion}`] : [];
  });
  const opening = sent.find(({ method }) => method === "initialize" || method === "server/discover")?.params;
  const declared = opening?.capabilities ?? opening?._meta?.[CAPABILITIES_KEY] ?? {};
  const lists = sent.map(({ method }) => method ?? "").filter((method) => /^(prompts|resources)\//.test(method));
  const words = (list: Iterable<string>) => [...new Set(list)].join(", ") || "–";
  return { opened: openings.join(", "), declares: words(Object.keys(declared)), asks: words(lists) };
}

/** How many of the server's tools the model could know of: offered, or named to it in the server's name. */
function toolsGiven(wire: Passed[], { offered }: Play, given: string[]): { all: number; named: number } {
  const listed: { name: string }[] = resultWith(wire, "tools")?.tools ?? [];
  const names = wire.length > 0 ? listed.map(({ name }) => name) : [...READING_TOOLS, ...WRITING_TOOLS];
  const named = names.filter(
    (name) =>
      [...offered].some((each) => isTool(each, name)) || given.some((text) => text.includes(`${SERVER_NAME}__${name}`)),
  );
  return { all: names.length, named: named.length };
}

/** How much of the server's instructions stood in the first request, and how much in any. */
function instructionsGiven(wire: Passed[], given: string[]): string {
  const lines = String(resultWith(wire, "instructions")?.instructions ?? "")
    .split("\n")
    .filter(Boolean);
  const atFirst = share(lines, given.slice(0, 1));
  const everAfter = share(lines, given);
  return atFirst === everAfter ? atFirst : `${atFirst}; ${everAfter} by search`;
}

function share(lines: string[], given: string[]): string {
  const found = lines.filter((line) => given.some((text) => text.includes(unescaped(line))));
  if (lines.length === 0) return "–";
  if (found.length === 0) return "none";
  if (found.length === lines.length) return "whole";
  return found.length === 1 && found[0] === lines[0] ? "first line" : `${found.length} of ${lines.length} lines`;
}

/** Compares what the server sent with what the model was given. */
function formOf(wire: Passed[], seen: Seen[], title: string): Form {
  if (wire.length === 0) return "–"; // nothing stood between that could tell
  const plain = seen.find((each) => each.title === title)?.plain ?? "";
  const sent = resultsOfCalls(wire)[SCENES.findIndex((scene) => scene.title === title)];
  const firstLine = String(sent?.content?.[0]?.text ?? "").split("\n")[0] ?? "";
  const [key, value] = Object.entries(sent?.structuredContent ?? {})[0] ?? ["", ""];
  const hasText = firstLine !== "" && plain.includes(firstLine);
  const hasData = key !== "" && new RegExp(`"${key}":\\s*${JSON.stringify(value)}`).test(plain);
  if (hasText && hasData) return "both";
  return hasText ? "text" : hasData ? "structured" : "neither";
}

function resultWith(wire: Passed[], key: string): Message["result"] {
  return wire.find(({ from, message }) => from === "server" && message.result?.[key])?.message.result;
}

function resultsOfCalls(wire: Passed[]): Message["result"][] {
  return wire.flatMap(({ from, message }) => (from === "server" && message.result?.content ? [message.result] : []));
}
