/** The smallest MCP client: raw JSON-RPC, no validation, so that what is measured or killed is the server. */

/** What was said of one call: a tool's result, both forms. */
export interface Answer {
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by tool; each caller looks at the fields it needs
  data: any;
  isError: boolean;
}

export interface Client {
  /** Calls a tool; rejects with Gone where the server died before it answered. */
  call(tool: string, args?: object): Promise<Answer>;
}

/** The server died, or closed the connection, before it answered. */
export class Gone extends Error {}

/** A JSON-RPC response as it comes off the wire. */
export interface Response {
  id?: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the server sent
  result?: any;
  error?: { code: number; message: string };
}

export const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "bench", version: "1" },
};

/** A tool's result out of a response; a protocol error is thrown. */
export function answerOf({ result, error }: Response): Answer {
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return { text: result.content?.[0]?.text ?? "", data: result.structuredContent, isError: result.isError === true };
}

/** The line of a request. */
export function requestText(method: string, params: object, id?: number): string {
  return JSON.stringify({ jsonrpc: "2.0", ...(id === undefined ? {} : { id }), method, params });
}
