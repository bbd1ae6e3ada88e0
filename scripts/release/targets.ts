/** The platforms that a release is made for, and what each is called by those who hand it on. */

export interface Target {
  /** Ours, and the end of names of files and packages. */
  id: string;
  /** For `bun build --target`. */
  bun: string;
  /** For npm's fields of these names. */
  os: "linux" | "darwin" | "win32";
  cpu: "x64" | "arm64";
  libc?: "glibc" | "musl";
}

export const TARGETS = [
  { id: "linux-x64", bun: "bun-linux-x64", os: "linux", cpu: "x64", libc: "glibc" },
  { id: "linux-arm64", bun: "bun-linux-arm64", os: "linux", cpu: "arm64", libc: "glibc" },
  { id: "linux-x64-musl", bun: "bun-linux-x64-musl", os: "linux", cpu: "x64", libc: "musl" },
  { id: "linux-arm64-musl", bun: "bun-linux-arm64-musl", os: "linux", cpu: "arm64", libc: "musl" },
  { id: "darwin-x64", bun: "bun-darwin-x64", os: "darwin", cpu: "x64" },
  { id: "darwin-arm64", bun: "bun-darwin-arm64", os: "darwin", cpu: "arm64" },
  { id: "windows-x64", bun: "bun-windows-x64", os: "win32", cpu: "x64" },
] as const satisfies readonly Target[];

export type TargetId = (typeof TARGETS)[number]["id"];

/** The file name of the executable. */
export function executableName({ os }: Pick<Target, "os">): string {
  return os === "win32" ? "orchestrator.exe" : "orchestrator";
}

/** Where it lies in the release. */
export function executablePath(target: Target): string {
  return `bin/${target.id}/${executableName(target)}`;
}

/** The archive that people download. */
export function archiveName({ id, os }: Pick<Target, "id" | "os">, version: string): string {
  return `orchestrator-${version}-${id}.${os === "win32" ? "zip" : "tar.gz"}`;
}
