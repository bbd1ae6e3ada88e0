/**
 * The clients: how one sees that they are there, which files name their servers, and in which form. Each form was tried with the
 * client itself, but for Cursor and VS Code, where it is what their documentation says.
 */
import { join } from "node:path";

/** The directories in which clients keep a user's settings, and where programs are sought. */
export interface Homes {
  home: string;
  /** The user's settings by XDG. */
  config: string;
  claude: string;
  /** `.claude.json`, which lies in the home unless the directory was moved. */
  claudeState: string;
  codex: string;
  gemini: string;
  copilot: string;
  /** Cline's file of servers. */
  cline: string;
  path: readonly string[];
}

export const CLIENT_NAMES = ["claude", "codex", "cursor", "vscode", "opencode", "gemini", "copilot", "cline"] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];
export type Scope = "project" | "user";

/** How an entry says which words start a server. */
export interface Shape {
  /** The entry as it is made. */
  entry(words: readonly string[]): object;
  /** What of it says the words: an entry that is there keeps all else. */
  part(words: readonly string[]): object;
  /** The words of an entry; null if it has none. */
  words(entry: unknown): string[] | null;
}

/** A list in which we have items. */
interface ListFile {
  project: string;
  user(homes: Homes): string;
  keys: readonly string[];
  items: readonly string[];
}

export interface ClientKind {
  title: string;
  programs: readonly string[];
  /** What lies there if the client is used: in the user's directories, in the project. */
  signs(homes: Homes): string[];
  projectSigns: readonly string[];
  /** Files of servers, the first that is there wins, else the first; empty if it has none. */
  project: readonly string[];
  user(homes: Homes): string[];
  /** What a person must do before a project's file is read. */
  projectNote?: string;
  /** Why there is no such file; empty if there is one. */
  noProject?: string;
  noUser?: string;
  format: "json" | "toml";
  /** The keys that lead to the entry. */
  keys: readonly string[];
  shape: Shape;
  /** How the client writes the directory it works on, if it starts servers elsewhere. */
  workspace: string | null;
  /** What lets it call the tools that only read, without asking each time: items of a list, or a user's file of its own. */
  allows?: ListFile;
  rules?: { user(homes: Homes): string; lines: readonly string[] };
  /**
   * Whether a new entry goes into the user's file. Codex reads a project's only if a person trusts the project, and rules of
   * Gemini CLI can only be a user's.
   */
  userFirst?: true;
}

const SERVER = "orchestrator";
/** The tools that change nothing. */
export const READING_TOOLS = ["list_workflows", "get_workflow_status", "list_instances"];

const text = (value: unknown): value is string => typeof value === "string";
const texts = (value: unknown): value is string[] => Array.isArray(value) && value.every(text);
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const pair = ([command, ...args]: readonly string[]) => ({ command, args });

function flat(before: object = {}, behind: object = {}): Shape {
  return {
    entry: (words) => ({ ...before, ...pair(words), ...behind }),
    part: pair,
    words: (entry) => {
      if (!isObject(entry)) return null;
      const { command, args = [] } = entry;
      return text(command) && texts(args) ? [command, ...args] : null;
    },
  };
}

const inOneList: Shape = {
  entry: (words) => ({ type: "local", command: words, enabled: true }),
  part: (words) => ({ command: words }),
  words: (entry) => (isObject(entry) && texts(entry["command"]) ? entry["command"] : null),
};

const inTransport: Shape = {
  entry: (words) => ({ transport: { type: "stdio", ...pair(words) } }),
  part: (words) => ({ transport: pair(words) }),
  words: (entry) => (isObject(entry) ? flat().words(entry["transport"]) : null),
};

export const CLIENTS: Record<ClientName, ClientKind> = {
  claude: {
    title: "Claude Code",
    programs: ["claude"],
    signs: ({ claude, claudeState }) => [claude, claudeState],
    projectSigns: [".mcp.json", ".claude"],
    project: [".mcp.json"],
    user: ({ claudeState }) => [claudeState],
    projectNote: "asks once whether the server of .mcp.json may be used",
    format: "json",
    keys: ["mcpServers", SERVER],
    shape: flat({ type: "stdio" }),
    workspace: null,
    allows: {
      project: ".claude/settings.json",
      user: ({ claude }) => join(claude, "settings.json"),
      keys: ["permissions", "allow"],
      items: READING_TOOLS.map((tool) => `mcp__${SERVER}__${tool}`),
    },
  },
  codex: {
    title: "Codex",
    programs: ["codex"],
    signs: ({ codex }) => [codex],
    projectSigns: [".codex"],
    project: [".codex/config.toml"],
    user: ({ codex }) => [join(codex, "config.toml")],
    projectNote: "reads a file of the project once you trust the project",
    format: "toml",
    keys: ["mcp_servers", SERVER],
    shape: flat(),
    workspace: null,
    userFirst: true,
  },
  cursor: {
    title: "Cursor",
    programs: ["cursor", "cursor-agent"],
    signs: ({ home }) => [join(home, ".cursor")],
    projectSigns: [".cursor"],
    project: [".cursor/mcp.json"],
    user: ({ home }) => [join(home, ".cursor/mcp.json")],
    format: "json",
    keys: ["mcpServers", SERVER],
    shape: flat(),
    workspace: "${workspaceFolder}",
  },
  vscode: {
    title: "VS Code",
    programs: ["code"],
    signs: ({ config, home }) => [
      join(config, "Code"),
      join(home, "Library/Application Support/Code"),
      join(home, ".vscode"),
    ],
    projectSigns: [".vscode"],
    project: [".vscode/mcp.json"],
    user: () => [],
    noUser: "starts a user's servers outside of the project",
    format: "json",
    keys: ["servers", SERVER],
    shape: flat({ type: "stdio" }),
    workspace: "${workspaceFolder}",
  },
  opencode: {
    title: "opencode",
    programs: ["opencode"],
    signs: ({ config }) => [join(config, "opencode")],
    projectSigns: ["opencode.json", "opencode.jsonc", ".opencode"],
    project: ["opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"],
    user: ({ config }) =>
      ["opencode.json", "opencode.jsonc", "config.json"].map((name) => join(config, "opencode", name)),
    format: "json",
    keys: ["mcp", SERVER],
    shape: inOneList,
    workspace: null,
  },
  gemini: {
    title: "Gemini CLI",
    programs: ["gemini"],
    signs: ({ gemini }) => [gemini],
    projectSigns: [".gemini"],
    project: [".gemini/settings.json"],
    user: ({ gemini }) => [join(gemini, "settings.json")],
    projectNote: "reads a file of the project once you trust the project",
    format: "json",
    keys: ["mcpServers", SERVER],
    shape: flat(),
    workspace: null,
    userFirst: true,
    rules: {
      user: ({ gemini }) => join(gemini, "policies/orchestrator.toml"),
      lines: [
        "[[rule]]",
        `mcpName = "${SERVER}"`,
        `toolName = [${READING_TOOLS.map((tool) => `"${tool}"`).join(", ")}]`,
        'decision = "allow"',
        "priority = 100",
      ],
    },
  },
  copilot: {
    title: "Copilot CLI",
    programs: ["copilot"],
    signs: ({ copilot }) => [copilot],
    projectSigns: [".github/mcp.json"],
    project: [".github/mcp.json"],
    user: ({ copilot }) => [join(copilot, "mcp-config.json")],
    projectNote: "reads a file of the project once you trust the project",
    format: "json",
    keys: ["mcpServers", SERVER],
    shape: flat({ type: "local" }, { tools: ["*"] }),
    workspace: null,
  },
  cline: {
    title: "Cline CLI",
    programs: ["cline"],
    signs: ({ cline, home }) => [cline, join(home, ".cline")],
    projectSigns: [],
    project: [],
    user: ({ cline }) => [cline],
    noProject: "has no file of servers for a project",
    format: "json",
    keys: ["mcpServers", SERVER],
    shape: inTransport,
    workspace: null,
  },
};
