/** Structured logging, one JSON object a line, to stderr alone: stdout belongs to the MCP stream and to printed data. */
import { pino } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Write = (fields: Record<string, unknown>, message: string) => void;

/** Fields must hold no secret and, at `info` and above, no text that an agent reported. */
export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}

export function createLog(level: LogLevel): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } };
  const logger = pino(options, pino.destination({ fd: 2, sync: true }));
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function levelName(label: string): { level: string } {
  return { level: label };
}
