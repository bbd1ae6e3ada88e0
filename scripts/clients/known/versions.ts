/** The clients' versions, pinned in this one place. They are no dependencies of the project: together they weigh 2 GB. */
export const VERSIONS: Record<string, string> = {
  "@anthropic-ai/claude-code": "2.1.332",
  "@github/copilot": "1.0.102",
  "@google/gemini-cli": "0.61.0",
  "@openai/codex": "0.171.0",
  cline: "3.0.65",
  "opencode-ai": "1.18.33",
};
