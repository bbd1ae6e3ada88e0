/** What one run says of a client: what its model was given, in which form, and what was not as it must be. */
import { SERVER_NAME } from "./client-kind.ts";
import type { Drive } from "./drive.ts";
import { type Seen, unescaped } from "./play.ts";
import { SCENES } from "./scenario.ts";
import type { Message, Passed } from "./wire/wire.ts";

export interface Findings {
  /** The first requests with the protocol version of each, and which one the server took. */
  opened: string;
  tools: string;
  instructions: string;
  /** The form in which the model was given an answer, and an error. */
  success: Form;
  error: Form;
  scenes: { title: string; good: boolean }[];
  /** Empty if all was as it must be. */
  complaints: string[];
}

type Form = "text" | "structured" | "both" | "neither";

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

export function findingsOf({ play, wire, exitCode }: Drive): Findings {
  const given = play.bodies.map(unescaped);
  const tools = toolsGiven(wire, given);
  const scenes = SCENES.map(({ title }) => ({ title, seen: play.seen.find((each) => each.title === title) }));
  return {
    opened: openings(wire).join(", "),
    tools: `${tools.offered} of ${tools.all}${play.searches > 0 ? `, after ${play.searches} ${play.searches > 1 ? "searches" : "search"}` : ""}`,
    instructions: instructionsGiven(wire, given),
    success: formOf(wire, play.seen, "start"),
    error: formOf(wire, play.seen, "error"),
    scenes: scenes.map(({ title, seen }) => ({ title, good: seen?.missing.length === 0 })),
    complaints: [
      ...(exitCode === 0 ? [] : [`it ended with ${exitCode ?? "a kill, for taking too long"}`]),
      ...(tools.all > 0 && tools.offered === tools.all
        ? []
        : [`${tools.offered} of ${tools.all} tools were named to the model`]),
      ...scenes.flatMap(({ title, seen }) => complaintsOf(title, seen)),
    ],
  };
}

function complaintsOf(title: string, seen: Seen | undefined): string[] {
  if (!seen) return [`${title}: no answer reached the model`];
  if (seen.missing.length === 0) return [];
  return [`${title}: the model was not given ${seen.missing.join(", ")}, but: ${seen.raw.slice(0, 400)}`];
}

/** `server/discover 2026-07-28, initialize 2025-11-25`. A client that opens twice says so twice. */
function openings(wire: Passed[]): string[] {
  return wire.flatMap(({ from, message: { method, params } }) => {
    if (from !== "client") return [];
    if (method === "server/discover") return [`${method} ${params?._meta?.[VERSION_KEY] ?? "?"}`];
    return method === "initialize" ? [`${method} ${params?.protocolVersion}`] : [];
  });
}

function toolsGiven(wire: Passed[], given: string[]): { all: number; offered: number } {
  const names: string[] = resultWith(wire, "tools")?.tools.map(({ name }: { name: string }) => name) ?? [];
  // A name alone might stand in another tool's description.
  const offered = names.filter((name) =>
    given.some((text) => new RegExp(`${SERVER_NAME}\\W{1,4}\\w*${name}|${SERVER_NAME}_+${name}`).test(text)),
  );
  return { all: names.length, offered: offered.length };
}

/** How much of the server's instructions stood in the first request, and how much in any. */
function instructionsGiven(wire: Passed[], given: string[]): string {
  const lines = String(resultWith(wire, "instructions")?.instructions ?? "")
    .split("\n")
    .filter(Boolean);
  const atFirst = share(lines, given.slice(0, 1));
  const everAfter = share(lines, given);
  return atFirst === everAfter ? atFirst : `${atFirst}; ${everAfter} after the search`;
}

function share(lines: string[], given: string[]): string {
  const found = lines.filter((line) => given.some((text) => text.includes(unescaped(line))));
  if (found.length === 0) return "none";
  if (found.length === lines.length) return "whole";
  return found.length === 1 && found[0] === lines[0] ? "first line" : `${found.length} of ${lines.length} lines`;
}

/** Compares what the server sent with what the model was given. */
function formOf(wire: Passed[], seen: Seen[], title: string): Form {
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
