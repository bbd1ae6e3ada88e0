/** Which files a call of a client's tool would change. Pure; paths are as the model wrote them. */
import { isObject } from "./input.ts";

/** The tools that change files, of all clients. Shells are none: what they change is seen afterwards, by the check. */
const TOOLS = new Set(
  [
    "edit multiedit write notebookedit", // Claude Code
    "write_file replace edit_file", // Gemini CLI
    "create str_replace str_replace_editor insert", // Copilot CLI
    "apply_patch", // Codex, Copilot CLI
  ].flatMap((names) => names.split(" ")),
);
const PATH_KEYS = ["file_path", "notebook_path", "path", "filePath", "absolute_path"];
/** Where the text of a patch stands, if it is not the whole input. */
const PATCH_KEYS = ["command", "input", "patch", "patchText"];

const PATCHED = /^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+?)\s*$/gm;

/** Empty if it changes none that can be told. */
export function editedFiles(tool: string, input: unknown): string[] {
  if (!TOOLS.has(tool.toLowerCase())) return [];
  if (!isObject(input)) return typeof input === "string" ? patchedFiles(input) : [];
  if (input["command"] === "view") return [];
  const named = PATH_KEYS.map((key) => input[key]).filter((path) => typeof path === "string" && path !== "");
  const patches = PATCH_KEYS.flatMap((key) => input[key] ?? []).filter((text) => typeof text === "string");
  return [...named.map(String), ...patches.flatMap(patchedFiles)];
}

function patchedFiles(patch: string): string[] {
  return [...patch.matchAll(PATCHED)].map(([, path = ""]) => path);
}
