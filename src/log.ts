/** Structured logging, one JSON object a line, to stderr alone: stdout belongs to the MCP stream and to printed data. */
import { pino } from "pino";
import { visible } from "./words.ts";

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

/** Most characters that wait to be read from stderr; further ones are dropped. */
const MAX_WAITING = 1024 * 1024;

/** Writing a line never waits. Lines that nobody reads are dropped; how many is logged once there is room again. */
export function createLog(level: LogLevel): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } };
  const logger = pino(options, patientStderr(tellDropped));
  // At the level "error", so that every setting of the level shows it.
  function tellDropped(dropped: number): void {
    logger.error({ dropped }, "lines of the log were dropped, because nobody read stderr");
  }
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** Unlike pino's own destinations it neither stops the process at a full pipe nor loses the last lines at the exit. */
function patientStderr(tellDropped: (dropped: number) => void): { write(json: string): void } {
  let waiting = 0;
  let dropped = 0;
  function written(length: number): void {
    waiting -= length;
    if (dropped === 0 || waiting > MAX_WAITING / 2) return;
    const count = dropped;
    dropped = 0;
    tellDropped(count);
  }
  return {
    write(json) {
      const line = visible(json); // names of directories and steps may stand in it, and a terminal may show it
      if (waiting + line.length > MAX_WAITING) {
        dropped += 1;
        return;
      }
      waiting += line.length;
      process.stderr.write(line, () => written(line.length));
    },
  };
}

function levelName(label: string): { level: string } {
  return { level: label };
}
