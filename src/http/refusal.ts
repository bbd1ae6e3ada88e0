/** How the HTTP side says no: always the same JSON, which a JSON-RPC client and any other can read; never an internal. */
import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import { jsonText } from "../json.ts";
import { errorMessage } from "../mcp/message.ts";

interface About {
  headers?: Record<string, string>;
  /** Of the request that is refused; null if there is none, or it cannot be told. */
  id?: RequestId | null;
  data?: unknown;
  /** JSON-RPC's; without it the one that goes with the status. */
  code?: number;
}

/** Says no with a status, in one shape or another. */
export type Refuse = (status: number, message: string, about?: About) => Response;

/** Says no with a status, in the shape of a JSON-RPC error. */
export function refusal(
  status: number,
  message: string,
  { headers = {}, id = null, code, data }: About = {},
): Response {
  const body = jsonText(errorMessage({ code: code ?? CODES[status] ?? SERVER_ERROR, fault: message, id, data }));
  return new Response(body, { status, headers: { ...headers, "Content-Type": "application/json" } });
}

const SERVER_ERROR = -32_000;

/** JSON-RPC codes for the statuses that have one of their own; the rest is "server error". */
const CODES: Partial<Record<number, number>> = { 400: -32_600, 404: -32_001, 500: -32_603 };
