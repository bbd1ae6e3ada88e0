/**
 * Makes a release of the commit that is checked out, into dist/release/: `bun run release [--repository OWNER/NAME]
 * [--image NAME] [--dirty]`. The same commit gives the same bytes. It uploads nothing; docs/releases.md says what does.
 */
import { copyFile, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { type About, aboutOf, NO_REPOSITORY } from "./release/about.ts";
import { writeTarball, writeZip } from "./release/archive.ts";
import { compile, compileWords } from "./release/compile.ts";
import { dockerfile } from "./release/dockerfile.ts";
import { formula } from "./release/formula.ts";
import { planOf } from "./release/plan.ts";
import { serverJson } from "./release/server-json.ts";
import { sha256, sumsText } from "./release/sums.ts";
import { executablePath, TARGETS } from "./release/targets.ts";

const root = join(import.meta.dir, "..");
const release = join(root, "dist/release");

const { values } = parseArgs({
  options: { repository: { type: "string" }, image: { type: "string" }, dirty: { type: "boolean" } },
});

if (!values.dirty && git("status", "--porcelain") !== "") {
  console.error("The checkout has changes that no commit has; a release is made of a commit. To try one out: --dirty.");
  process.exit(1);
}
const about = aboutOf(packageJson, {
  repository: values.repository ?? process.env["GITHUB_REPOSITORY"],
  image: values.image,
  time: Number(process.env["SOURCE_DATE_EPOCH"] || git("log", "-1", "--format=%ct")),
});
await make(about);
if (about.repository === NO_REPOSITORY) {
  console.log(
    `\nNobody said where it is published: addresses in it name ${NO_REPOSITORY}. Say --repository OWNER/NAME.`,
  );
}

async function make(about: About): Promise<void> {
  await rm(release, { recursive: true, force: true });
  await mkdir(join(release, "npm"), { recursive: true });
  const sums = new Map<string, string>();
  const made = async (file: string) => {
    sums.set(file, await sha256(join(release, file)));
    console.log(`${((await stat(join(release, file))).size / 1e6).toFixed(1).padStart(6)} MB  ${file}`);
  };
  for (const target of TARGETS) {
    await compile(compileWords(packageJson.scripts.build, target, release), root);
    await made(executablePath(target));
  }
  for (const { file, format, entries } of await planOf(about, { release, root })) {
    const write = format === "zip" ? writeZip : writeTarball;
    await write(entries, { file: join(release, file), time: about.time });
    await made(file);
  }
  await put("server.json", `${JSON.stringify(serverJson(about), null, 2)}\n`);
  await put("workflow-orchestrator.rb", formula(about, sums));
  await put("Dockerfile", dockerfile(about));
  await mkdir(join(release, "data"));
  await copyFile(join(root, "LICENSE"), join(release, "LICENSE"));
  for (const file of ["server.json", "workflow-orchestrator.rb", "Dockerfile"]) await made(file);
  await put("SHA256SUMS", sumsText(sums));
}

function put(file: string, text: string): Promise<void> {
  return writeFile(join(release, file), text);
}

function git(...args: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: root });
  if (!success) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  return stdout.toString().trim();
}
