/** What a file of `known/` says of one client: how to install, configure and run it, and which API it speaks. */
import type { Transport } from "../client/server.ts";
import type { Api, Given, Turn } from "./model/api.ts";

export interface ClientKind {
  name: string;
  /** The npm package; `known/versions.ts` pins it. */
  package: string;
  /** The program that the package brings. */
  bin: string;
  api: Api;
  /** Writes the client's configuration into its home and its project. */
  prepare(place: Place): Launch;
  /** How it is run after `orchestrator init` alone set it up, without a word of the server, and with leave for what writes only. */
  byInit?: { words: string[]; launch(place: Omit<Place, "server">): Launch };
  /** The same, with its hooks, and with leave to edit files; how the model writes one. */
  byHooks?: {
    words: string[];
    launch(place: Omit<Place, "server">): Launch;
    write(file: string): Turn;
    compact?: Compact;
  };
  /** The same two by the plugin of this repository, which these commands install. */
  byPlugin?: {
    commands(program: string): string[][];
    launch(place: Omit<Place, "server">): Launch;
    launchHooks(place: Omit<Place, "server">): Launch;
  };
  /** How the model calls the tool with what it was offered; null if it cannot. `callDirectly` unless given. */
  turn?(call: Call, given: Given): Turn | null;
}

/** How its last session is gone on with, by words behind the command, and what the user types to compact it. */
interface Compact {
  words: string[];
  prompt: string;
}

/** Where one run of a client happens, and what it is to use. */
export interface Place {
  /** The client's program. */
  program: string;
  home: string;
  project: string;
  /** The model's endpoint, without a path. */
  modelUrl: string;
  server: McpEndpoint;
  /** What the user says. */
  prompt: string;
}

/** How the client came to its server: an entry that the script wrote, for either transport, `orchestrator init`, or the plugin. */
export type Way = Transport | "init" | "plugin";

export type McpEndpoint =
  | { transport: "stdio"; command: string; args: string[] }
  | { transport: "http"; url: string; token: string };

export interface Launch {
  command: string[];
  env: Record<string, string>;
}

/** A call of one of our tools, whatever the client names it. */
export interface Call {
  tool: string;
  args: Record<string, unknown>;
}

/** The name that every configuration gives the server. */
export const SERVER_NAME = "orchestrator";

/** The tools that a person is asked about, since they write. */
export const WRITING_TOOLS = ["start_workflow", "advance_workflow", "resume_workflow"];

/** Calls the tool by the name under which it was offered. */
export function callDirectly({ tool, args }: Call, { tools }: Given): Turn | null {
  const name = tools.find((each) => isTool(each, tool));
  return name === undefined ? null : { kind: "call", name, args };
}

/** Whether a name as the client offers it, such as `mcp__orchestrator__start_workflow`, is our tool's. */
export function isTool(offered: string, tool: string): boolean {
  return offered === tool || (offered.endsWith(tool) && offered.includes(SERVER_NAME));
}
