/** What all parts of a release say of it. The version stands in package.json alone, the time is the commit's. */
import { z } from "zod";

export interface About {
  /** The npm package. */
  name: string;
  version: string;
  description: string;
  license: string;
  /** OWNER/NAME on GitHub, where the release is put. */
  repository: string;
  /** The container image without its tag; null if none is published. */
  image: string | null;
  /** Seconds since 1970 that every file of the release bears. */
  time: number;
}

export const TITLE = "Workflow Orchestrator";
/** At most 80 characters, for those who allow no more. */
export const SUMMARY = "MCP server that leads a coding agent through Markdown workflows, step by step";

/** Stands for the repository if nobody named one: such a release can be looked at, not published. */
export const NO_REPOSITORY = "example/workflow-orchestrator";

const PackageJson = z.object({
  name: z.string(),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.-]+)?$/),
  description: z.string(),
  license: z.string(),
});

const Repository = z.string().regex(/^[\w-]+\/[\w.-]+$/, "is OWNER/NAME, like ada/orchestrator");
const Image = z.string().regex(/^[a-z0-9][\w.:/-]*$/, "is an image's name without a tag");

/** Throws if one of them is not what it should be. */
export function aboutOf(
  packageJson: unknown,
  given: { repository?: string | undefined; image?: string | undefined; time: number },
): About {
  const { name, version, description, license } = PackageJson.parse(packageJson);
  const repository = Repository.parse(given.repository || NO_REPOSITORY);
  const image = given.image ? Image.parse(given.image) : null;
  return { name, version, description, license, repository, image, time: given.time };
}

export function homepage({ repository }: About): string {
  return `https://github.com/${repository}`;
}

/** Where a file of the release is downloaded from. */
export function downloadUrl(about: About, file: string): string {
  return `${homepage(about)}/releases/download/v${about.version}/${file}`;
}

/** The name in the MCP registry: it lets only whoever owns the repository publish under it. */
export function registryName({ repository }: About): string {
  return `io.github.${repository.split("/")[0]}/workflow-orchestrator`;
}
