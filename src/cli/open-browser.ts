/** Opens an address in the user's browser, by the program that the platform has for it. No shell sees the address. */
import { spawn } from "node:child_process";

/** How long the program may take to say that it cannot, in milliseconds; a browser that it started may live on. */
const PATIENCE_MS = 1_500;

const OPENERS: Partial<Record<NodeJS.Platform, [program: string, ...args: string[]]>> = {
  darwin: ["/usr/bin/open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Resolves to null, or to one sentence that says why no browser was opened. Never rejects. */
export async function openBrowser(url: string, env: Record<string, string>): Promise<string | null> {
  if (!hasScreen(env)) return "There is no screen here to open a browser on: open the link yourself.";
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const fault = await start(program, [...args, url], env);
  return fault === null ? null : `No browser was opened (${program}: ${fault}): open the link yourself.`;
}

/** Over ssh the screen is somebody else's, unless it is handed on. */
function hasScreen(env: Record<string, string>): boolean {
  if (env["DISPLAY"] || env["WAYLAND_DISPLAY"]) return true;
  return process.platform in OPENERS && !env["SSH_CONNECTION"];
}

/** Null: it was started, and ended well if it ended at all by then. */
function start(program: string, args: string[], env: Record<string, string>): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: "ignore", detached: true });
    const timer = setTimeout(resolve, PATIENCE_MS, null);
    const settle = (fault: string | null) => {
      clearTimeout(timer);
      resolve(fault);
    };
    child.once("error", (error) => settle("code" in error ? String(error.code) : error.message));
    child.once("exit", (code) => settle(code === 0 ? null : `exit code ${code}`));
    child.unref();
  });
}
