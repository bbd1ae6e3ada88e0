/** Log messages to the client, as the protocol has them: none unless the client names a level. */
import {
  type LoggingLevel,
  LoggingLevelSchema,
  type LoggingMessageNotification,
} from "@modelcontextprotocol/sdk/types.js";

const SEVERITY: readonly LoggingLevel[] = LoggingLevelSchema.options;

export interface Notices {
  /** A tool's answer: who decided what. */
  answered(tool: string, structured: Record<string, unknown>): void;
  /** A tool's error: its code. */
  refused(tool: string, structured: Record<string, unknown>): void;
}

/** Of one call, from the level on; null: the client wants none. Messages hold ids, names and codes; never what was reported. */
export function createNotices(
  least: LoggingLevel | null,
  send: (params: LoggingMessageNotification["params"]) => Promise<void>,
): Notices {
  function say(level: LoggingLevel, data: Record<string, unknown>): void {
    if (least === null || SEVERITY.indexOf(level) < SEVERITY.indexOf(least)) return;
    send({ level, logger: "orchestrator", data }).catch(() => {}); // the client may be gone
  }

  return {
    answered(tool, { instance_id, status, decision, next_step }) {
      const decided_by = field(decision, "decided_by");
      say(decided_by ? "info" : "debug", {
        tool,
        instance_id,
        status,
        decided_by,
        step: field(next_step, "step_name"),
      });
    },
    refused(tool, { error_code }) {
      say(error_code === "INTERNAL_ERROR" ? "error" : "warning", { tool, error_code });
    },
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
