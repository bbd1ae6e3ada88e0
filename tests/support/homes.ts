/** The directories of clients below one home. */
import { join } from "node:path";
import type { Homes } from "../../src/clients/known.ts";

export function homesIn(home: string): Homes {
  return {
    home,
    config: join(home, ".config"),
    claude: join(home, ".claude"),
    claudeState: join(home, ".claude.json"),
    codex: join(home, ".codex"),
    gemini: join(home, ".gemini"),
    copilot: join(home, ".copilot"),
    cline: join(home, ".cline/data/settings/cline_mcp_settings.json"),
    path: [],
  };
}
