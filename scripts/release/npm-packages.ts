/** The npm packages: one for each platform that holds its executable, and the one that people install, which starts it. */
import { join } from "node:path";
import { type About, homepage, registryName } from "./about.ts";
import type { Entry } from "./archive.ts";
import { executableName, executablePath, TARGETS, type Target } from "./targets.ts";

const SCOPE = "@workflow-orchestrator";
/** The oldest Node that the launcher runs in. */
const NODE = ">=18";

export function platformPackage({ id }: Pick<Target, "id">): string {
  return `${SCOPE}/orchestrator-${id}`;
}

/** The file name that `npm pack` would give it. */
export function tarballName(name: string, version: string): string {
  return `${name.replace(/^@/, "").replace("/", "-")}-${version}.tgz`;
}

/** `package.json` of a platform: npm installs it there alone. */
export function platformManifest(about: About, target: Target) {
  return {
    name: platformPackage(target),
    ...common(about),
    description: `The executable of ${about.name} for ${target.id}`,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc ? { libc: [target.libc] } : {}),
    files: [executableName(target)],
    preferUnplugged: true,
  };
}

/** `package.json` of the package that people install. It runs nothing when it is installed. */
export function mainManifest(about: About) {
  return {
    name: about.name,
    ...common(about),
    description: about.description,
    mcpName: registryName(about),
    type: "module",
    bin: { orchestrator: "bin/orchestrator.js" },
    files: ["bin"],
    engines: { node: NODE },
    optionalDependencies: Object.fromEntries(TARGETS.map((target) => [platformPackage(target), about.version])),
  };
}

/** What is in the package of a platform. `release`: the directory of the executables; `root`: of the project. */
export function platformEntries(about: About, target: Target, { release, root }: Places): Entry[] {
  return [
    { path: "package/package.json", content: { text: json(platformManifest(about, target)) } },
    { path: "package/LICENSE", content: { file: join(root, "LICENSE") } },
    {
      path: "package/README.md",
      content: {
        text: `# ${platformPackage(target)}\n\nInstall ${about.name}: it brings this package where it is needed.\n`,
      },
    },
    {
      path: `package/${executableName(target)}`,
      content: { file: join(release, executablePath(target)) },
      executable: true,
    },
  ];
}

/** What is in the package that people install. */
export async function mainEntries(about: About, { root }: Pick<Places, "root">): Promise<Entry[]> {
  return [
    { path: "package/package.json", content: { text: json(mainManifest(about)) } },
    { path: "package/LICENSE", content: { file: join(root, "LICENSE") } },
    { path: "package/README.md", content: { file: join(root, "README.md") } },
    { path: "package/bin/orchestrator.js", content: { text: await launcher() }, executable: true },
  ];
}

interface Places {
  release: string;
  root: string;
}

/** The launcher as one file for Node. */
async function launcher(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "npm/launcher.ts")],
    target: "node",
    format: "esm",
    banner: "#!/usr/bin/env node",
  });
  const [file] = built.outputs;
  if (!file) throw new Error("The launcher of the npm package could not be built.");
  return file.text();
}

function common(about: About) {
  const { version, license } = about;
  const url = `git+${homepage(about)}.git`;
  return { version, license, homepage: homepage(about), repository: { type: "git", url } };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
