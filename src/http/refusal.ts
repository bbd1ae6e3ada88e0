/** How the HTTP side says no: always the same JSON, which a JSON-RPC client and any other can read; never an internal. */

/** Says no with a status, in the shape of a JSON-RPC error that belongs to no request. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Response {
  const error = { code: CODES[status] ?? SERVER_ERROR, message };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status, headers });
}

const SERVER_ERROR = -32_000;

/** JSON-RPC codes for the statuses that have one of their own; the rest is "server error". */
const CODES: Partial<Record<number, number>> = { 400: -32_600, 404: -32_001, 500: -32_603 };
