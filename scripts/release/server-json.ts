/**
 * `server.json`, by which the MCP registry lists the server. No package carries the registry's schema; what it demands of
 * the fields that stand here is written down below, and a field that it does not know would be refused here too.
 */
import { z } from "zod";
import { type About, homepage, registryName, SUMMARY, TITLE } from "./about.ts";

const SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

const Url = z.url({ protocol: /^https$/ });
/** One version, no range. */
const Version = z
  .string()
  .max(255)
  .regex(/^\d+\.\d+\.\d+(-[\w.-]+)?$/);
const Input = z.strictObject({
  name: z.string(),
  description: z.string(),
  format: z.enum(["string", "number", "boolean", "filepath"]).optional(),
  isSecret: z.boolean().optional(),
});
const Npm = z.strictObject({
  registryType: z.literal("npm"),
  identifier: z.string().regex(/^(@[a-z0-9-]+\/)?[a-z0-9-]+$/),
  version: Version,
  runtimeHint: z.literal("npx"),
  transport: z.strictObject({ type: z.literal("stdio") }),
  environmentVariables: z.array(Input),
});
/** An image's tag is its version, which must not stand beside it. */
const Oci = Npm.omit({ version: true, runtimeHint: true }).extend({
  registryType: z.literal("oci"),
  identifier: z.string().regex(/^[a-z0-9.-]+\/[a-z0-9._/-]+:\d+\.\d+\.\d+(-[\w.-]+)?$/),
});

export const ServerJson = z.strictObject({
  $schema: z.literal(SCHEMA),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: Version,
  repository: z.strictObject({ url: Url, source: z.literal("github") }),
  packages: z.array(z.discriminatedUnion("registryType", [Npm, Oci])).min(1),
});

/** The settings that a client may offer; everything has a default. */
const VARIABLES: z.infer<typeof Input>[] = [
  {
    name: "WORKFLOW_PROJECT_DIR",
    description: "Project that runs are about, else the current directory",
    format: "filepath",
  },
  { name: "WORKFLOW_DB_PATH", description: "Database file, else in the user's data directory", format: "filepath" },
];

/**
 * The bundles are not among the packages: an entry cannot say for which platform one is. Throws if it is not what the
 * registry takes.
 */
export function serverJson(about: About): z.infer<typeof ServerJson> {
  const { name, version, image } = about;
  const shared = { transport: { type: "stdio" }, environmentVariables: VARIABLES };
  return ServerJson.parse({
    $schema: SCHEMA,
    name: registryName(about),
    title: TITLE,
    description: SUMMARY,
    version,
    repository: { url: homepage(about), source: "github" },
    packages: [
      { registryType: "npm", identifier: name, version, runtimeHint: "npx", ...shared },
      ...(image === null ? [] : [{ registryType: "oci", identifier: `${image}:${version}`, ...shared }]),
    ],
  });
}
