/**
 * A real browser without a window: the one that is installed, else that of the package `@sparticuz/chromium`, which brings
 * the libraries and the font that it needs. It reaches this machine alone.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const INSTALLED = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** All but this machine is asked for through a proxy that is not there. */
const ARGUMENTS = ["--disable-gpu", "--proxy-server=http://127.0.0.1:9", "--force-color-profile=srgb"];
const START_MS = 20_000;

const MODULES = join(import.meta.dir, "../../node_modules");
const CACHE = join(MODULES, ".cache");

interface Found {
  executablePath: string;
  env?: NodeJS.ProcessEnv;
}

/** Rejects if none can be started, with what was tried. */
export async function launchBrowser(): Promise<Browser> {
  const faults: string[] = [];
  for (const find of [...INSTALLED.map((name) => () => installed(name)), packaged]) {
    try {
      const found = await find();
      if (found) return await chromium.launch({ ...found, args: ARGUMENTS, timeout: START_MS });
    } catch (error) {
      faults.push(String(error));
    }
  }
  throw new Error(`No browser can be started. Install Chromium or Google Chrome.\n${faults.join("\n")}`);
}

function installed(name: string): Found | null {
  const executablePath = Bun.which(name);
  return executablePath === null ? null : { executablePath };
}

async function packaged(): Promise<Found> {
  const { version } = await Bun.file(join(MODULES, "@sparticuz/chromium/package.json")).json();
  const unpacked = join(CACHE, `chromium-${version}`);
  if (!existsSync(unpacked)) unpack(unpacked);
  // Without fonts of the system nothing but its own would be found.
  const fonts = existsSync("/etc/fonts/fonts.conf") ? {} : { FONTCONFIG_FILE: join(unpacked, "fonts.conf") };
  const env = { ...process.env, ...fonts, LD_LIBRARY_PATH: join(unpacked, "al2023/lib") };
  return { executablePath: join(unpacked, "chromium"), env };
}

/** Once for each version; two processes may do it at once. */
function unpack(to: string): void {
  mkdirSync(CACHE, { recursive: true });
  const room = mkdtempSync(join(CACHE, "unpacking-"));
  // It unpacks into the directory for temporary files, and its libraries only where it believes to be in a lambda.
  const env = { ...process.env, TMPDIR: room, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" };
  const script = 'await (await import("@sparticuz/chromium")).default.executablePath()';
  const done = Bun.spawnSync([process.execPath, "-e", script], { cwd: dirname(MODULES), env, stderr: "pipe" });
  if (!done.success) throw new Error(`@sparticuz/chromium cannot be unpacked: ${done.stderr}`);
  const conf = `<fontconfig><dir>${join(to, "fonts")}</dir><cachedir>${join(to, "fonts-cache")}</cachedir></fontconfig>`;
  writeFileSync(join(room, "fonts.conf"), conf);
  try {
    renameSync(room, to);
  } catch (error) {
    rmSync(room, { recursive: true });
    if (!existsSync(to)) throw error;
  }
}
