/** Finds the executable of this machine among the packages of the platforms. It runs in the user's Node, without Bun. */

export interface Machine {
  /** As Node names them. */
  platform: string;
  arch: string;
  /** Whether its C library is musl, as on Alpine. */
  musl: boolean;
}

interface Launcher {
  name: string;
  version: string;
  optionalDependencies: Record<string, string>;
}

/** `resolve` finds a file of an installed package, or throws. Throws an Error whose message says what to do. */
export function findExecutable(launcher: Launcher, machine: Machine, resolve: (file: string) => string): string {
  const platform = `${machine.platform === "win32" ? "windows" : machine.platform}-${machine.arch}${machine.musl ? "-musl" : ""}`;
  const packages = Object.keys(launcher.optionalDependencies);
  const name = packages.find((each) => each.endsWith(`/orchestrator-${platform}`));
  if (name === undefined) {
    const known = packages.map((each) => each.slice(each.indexOf("/orchestrator-") + "/orchestrator-".length));
    throw new Error(
      `There is no orchestrator for ${platform}, only for ${known.join(", ")}.\nBuild it from source: ./scripts/demo does.`,
    );
  }
  try {
    return resolve(`${name}/orchestrator${machine.platform === "win32" ? ".exe" : ""}`);
  } catch {
    throw new Error(
      `The package ${name}, which holds the program for this machine, is not installed.\n` +
        "It is an optional dependency: npm leaves it out with --omit=optional or --no-optional, and if a lock file or a\n" +
        "node_modules of another platform was copied here.\n" +
        `Install it beside ${launcher.name}: npm install ${name}@${launcher.version}`,
    );
  }
}
