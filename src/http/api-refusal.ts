/** How /api says no before anything looks at what was asked: in the shape that its other errors have. */
import { jsonText } from "../json.ts";
import type { Refuse } from "./refusal.ts";

interface Kind {
  code: string;
  hint: string;
}

const FAULTY: Kind = { code: "INVALID_INPUT", hint: "Send a small JSON object, with Content-Type: application/json." };

const KINDS: Partial<Record<number, Kind>> = {
  401: {
    code: "NOT_LET_IN",
    hint: "Open the link that the server printed, or send its token: Authorization: Bearer …",
  },
  403: { code: "REFUSED", hint: "Use the page itself, or a program that sends X-Orchestrator: 1 and no Origin." },
  404: { code: "NOT_FOUND", hint: "All runs are at /api/runs, all workflows at /api/workflows." },
  405: { code: "METHOD_NOT_ALLOWED", hint: "The header Allow names the methods." },
};

export const apiRefusal: Refuse = (status, message, { headers = {} } = {}) => {
  const { code, hint } = KINDS[status] ?? FAULTY;
  const init = { status, headers: { ...headers, "Content-Type": "application/json" } };
  return new Response(jsonText({ error: { code, message, hint } }), init);
};
