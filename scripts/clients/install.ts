/** Brings a client from npm into a cache outside the repository; nothing is fetched twice. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { VERSIONS } from "./known/versions.ts";

const MOST_MS = 10 * 60_000;

/** `CLIENTS_CACHE` names another place. */
export const CACHE =
  process.env["CLIENTS_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "workflow-orchestrator-clients");

/** The directory of the package's programs. Throws with npm's words if it cannot be installed. */
export async function install(name: string, signal: AbortSignal): Promise<string> {
  const version = versionOf(name);
  const room = join(CACHE, `${name.replace("/", "+")}@${version}`);
  const done = join(room, "installed");
  if (!existsSync(done)) {
    rmSync(room, { recursive: true, force: true });
    mkdirSync(room, { recursive: true });
    await npmInstall(room, `${name}@${version}`, signal);
    writeFileSync(done, "");
  }
  return join(room, "node_modules/.bin");
}

export function versionOf(name: string): string {
  const version = VERSIONS[name];
  if (!version) throw new Error(`known/versions.ts pins no version of ${name}`);
  return version;
}

async function npmInstall(room: string, what: string, signal: AbortSignal): Promise<void> {
  const words = ["npm", "install", "--prefix", room, "--no-audit", "--no-fund", "--loglevel=error", what];
  const npm = Bun.spawn(words, { cwd: room, stdout: "ignore", stderr: "pipe", timeout: MOST_MS, signal });
  const [said, code] = await Promise.all([npm.stderr.text(), npm.exited]);
  if (code !== 0) throw new Error(`npm install ${what} ended with ${code}: ${said.trim().slice(-500)}`);
}
