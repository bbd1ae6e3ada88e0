/**
 * The `.mcpb` bundles, which desktop programs install with a click: one for each platform. A manifest can tell operating
 * systems apart, not processors, and one bundle with every executable would have a quarter of a gigabyte.
 */
import { join } from "node:path";
import { v0_3 } from "@anthropic-ai/mcpb/schemas";
import { TOOLS } from "../../src/mcp/tools.ts";
import { type About, homepage, SUMMARY, TITLE } from "./about.ts";
import type { Entry } from "./archive.ts";
import { executableName, executablePath, type Target } from "./targets.ts";

export function bundleName(about: About, { id }: Pick<Target, "id">): string {
  return `${about.name}-${about.version}-${id}.mcpb`;
}

/** Desktop programs do not run on musl. */
export function isBundled({ libc }: Target): boolean {
  return libc !== "musl";
}

/** The manifest, held against the schema of the bundles' makers; throws what it finds. */
export function bundleManifest(about: About, target: Target) {
  const program = `server/${executableName(target)}`;
  return v0_3.McpbManifestSchema.parse({
    manifest_version: "0.3",
    name: about.name,
    display_name: TITLE,
    version: about.version,
    description: SUMMARY,
    long_description: about.description,
    author: { name: "The Workflow Orchestrator contributors", url: homepage(about) },
    repository: { type: "git", url: homepage(about) },
    homepage: homepage(about),
    license: about.license,
    server: {
      type: "binary",
      entry_point: program,
      mcp_config: { command: `\${__dirname}/${program}`, args: ["--project", "${user_config.project}"], env: {} },
    },
    user_config: {
      project: {
        type: "directory",
        title: "Project",
        description: "The directory that runs are about; its workflows are found in its directory workflows",
        required: true,
        default: "${HOME}",
      },
    },
    tools: TOOLS.map(({ name, title }) => ({ name, description: title })),
    prompts_generated: true,
    compatibility: { platforms: [target.os] },
  });
}

export function bundleEntries(
  about: About,
  target: Target,
  { release, root }: { release: string; root: string },
): Entry[] {
  return [
    { path: "manifest.json", content: { text: `${JSON.stringify(bundleManifest(about, target), null, 2)}\n` } },
    { path: "LICENSE", content: { file: join(root, "LICENSE") } },
    {
      path: `server/${executableName(target)}`,
      content: { file: join(release, executablePath(target)) },
      executable: true,
    },
  ];
}
