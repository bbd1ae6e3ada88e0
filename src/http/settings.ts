/** What an HTTP server is told, read from flags and variables. */
import { isIP } from "node:net";
import { AppError } from "../errors.ts";
import { pathOf, type Setting, type Whereabouts } from "../path-settings.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 3_000;

/** What an HTTP server is told. */
export interface HttpSettings {
  /** An address or a name of this machine, without brackets. */
  host: string;
  /** 0: any free one. */
  port: number;
  /** The bearer token; null: none is asked for. */
  token: string | null;
  /** The file that holds the token, which then counts; it is made if it is missing. */
  tokenFile: string | null;
  /** Names besides its own under which the server is asked. */
  allowHosts: string[];
}

/** As they were given; null: not at all. */
interface GivenSettings {
  host: Setting | null;
  port: Setting | null;
  token: string | null;
  tokenFile: string | null;
  allowHosts: string[];
}

/** Throws INVALID_INPUT that names the setting, its value and what is allowed. */
export function httpSettings(given: GivenSettings, at: Whereabouts): HttpSettings {
  return {
    host: given.host ? hostName(given.host) : DEFAULT_HOST,
    port: given.port ? portNumber(given.port) : DEFAULT_PORT,
    token: authToken(given.token),
    tokenFile: given.tokenFile === null ? null : tokenFile(given.tokenFile, at),
    allowHosts: given.allowHosts.map((value) => hostName({ name: "--allow-host", value })),
  };
}

/** An address or a name, without the brackets that a URL puts around IPv6. */
function hostName({ name, value }: Setting): string {
  const host = value.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIP(host) !== 0 || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(host)) return host;
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is no address.`, {
    hint: `Set ${name} to an IP address or a name, without a port, such as 127.0.0.1, ::1, localhost or 0.0.0.0.`,
  });
}

function portNumber({ name, value }: Setting): number {
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new AppError("INVALID_INPUT", `${name} is "${value}", which is no port.`, {
    hint: `Set ${name} to a whole number from 1 to 65535, or to 0 for any free port.`,
  });
}

/** The message does not repeat the value, which is a secret. */
function authToken(token: string | null): string | null {
  if (token === null || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new AppError("INVALID_INPUT", "HTTP_AUTH_TOKEN holds a character that no header can carry.", {
    hint: "Set it to visible ASCII characters without spaces, such as the output of: openssl rand -hex 32",
  });
}

function tokenFile(path: string, at: Whereabouts): string {
  if (path) return pathOf({ name: "--token-file", value: path }, at);
  throw new AppError("INVALID_INPUT", '--token-file is "", which is no path.', {
    hint: "Name the file that holds the token; it is made if it is missing.",
  });
}
