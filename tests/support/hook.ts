/** `orchestrator hook` as a client calls it, and a session's transcript as clients keep one. */
import { join } from "node:path";
import type { HookClient, HookEvent } from "../../src/hook.ts";
import type { Told } from "./client.ts";
import { EXECUTABLE } from "./executable.ts";
import { scratchDir, writeFiles } from "./workspace.ts";

export interface Answered {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Called {
  event: string;
  client?: string;
  db: string;
  /** What the client says: an object, or any text. */
  says: object | string | Uint8Array;
  env?: Record<string, string>;
}

export async function callHook({ event, client = "claude", db, says, env = {} }: Called): Promise<Answered> {
  const text = typeof says === "string" || says instanceof Uint8Array ? says : JSON.stringify(says);
  const child = Bun.spawn([EXECUTABLE, "hook", event, "--client", client, "--db", db], {
    stdin: new Blob([text]),
    stdout: "pipe",
    stderr: "pipe",
    env: { HOME: scratchDir(), PATH: process.env["PATH"] ?? "", ...env },
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** A transcript that holds these answers of tools, in order, behind `before` bytes of other talk. */
export function transcriptOf(told: readonly Pick<Told, "text" | "data">[], before = 0): string {
  const dir = scratchDir();
  const talk = `${JSON.stringify({ type: "assistant", text: "x".repeat(1_000) })}\n`;
  const lines = told.map(
    ({ text, data }) => `${JSON.stringify({ type: "tool_result", text, data: JSON.stringify(data) })}\n`,
  );
  writeFiles(dir, { "session.jsonl": talk.repeat(Math.ceil(before / talk.length)) + lines.join("") });
  return join(dir, "session.jsonl");
}

/** What the client says at this moment, in the names that it uses. */
export function saying(
  client: HookClient,
  event: HookEvent,
  at: { cwd: string; transcript?: string },
): Record<string, unknown> {
  const { cwd, transcript } = at;
  if (client === "copilot")
    return { sessionId: "5f0e6c1e-session", cwd, ...(transcript && { transcriptPath: transcript }) };
  const [file, change] = [join(cwd, "src/a.ts"), { tool_name: "Edit" }];
  const edit = client === "gemini" ? { tool_name: "replace" } : change;
  return {
    session_id: "5f0e6c1e-session",
    cwd,
    ...(transcript && { transcript_path: transcript }),
    ...(event === "stop" && { stop_hook_active: false }),
    ...(event === "before-edit" && { ...edit, tool_input: { file_path: file } }),
  };
}
