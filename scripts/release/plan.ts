/** Which archives a release has, and what is in each. */
import { join } from "node:path";
import type { About } from "./about.ts";
import type { Entry } from "./archive.ts";
import { bundleEntries, bundleName, isBundled } from "./bundle.ts";
import { mainEntries, platformEntries, platformPackage, tarballName } from "./npm-packages.ts";
import { archiveName, executableName, executablePath, TARGETS, type Target } from "./targets.ts";

export interface Archive {
  /** Below the release's directory. */
  file: string;
  format: "tar.gz" | "zip";
  entries: Entry[];
}

/** `release`: the directory that is made; `root`: of the project. */
export async function planOf(about: About, at: { release: string; root: string }): Promise<Archive[]> {
  const main = tarballName(about.name, about.version);
  return [
    ...TARGETS.map((target) => download(about, target, at)),
    ...TARGETS.filter(isBundled).map((target): Archive => {
      return { file: bundleName(about, target), format: "zip", entries: bundleEntries(about, target, at) };
    }),
    ...TARGETS.map((target): Archive => {
      const file = `npm/${tarballName(platformPackage(target), about.version)}`;
      return { file, format: "tar.gz", entries: platformEntries(about, target, at) };
    }),
    { file: `npm/${main}`, format: "tar.gz", entries: await mainEntries(about, at) },
  ];
}

function download(about: About, target: Target, { release, root }: { release: string; root: string }): Archive {
  const program = { file: join(release, executablePath(target)) };
  return {
    file: archiveName(target, about.version),
    format: target.os === "win32" ? "zip" : "tar.gz",
    entries: [
      { path: "LICENSE", content: { file: join(root, "LICENSE") } },
      { path: executableName(target), content: program, executable: true },
    ],
  };
}
