/** What `bun run release` makes, as far as it needs no compiler: names, contents, texts, and archives that come out the same. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { list } from "tar";
import { parse } from "yaml";
import packageJson from "../package.json" with { type: "json" };
import { aboutOf } from "../scripts/release/about.ts";
import { type Entry, writeTarball, writeZip } from "../scripts/release/archive.ts";
import { bundleManifest, isBundled } from "../scripts/release/bundle.ts";
import { compileWords } from "../scripts/release/compile.ts";
import { dockerfile } from "../scripts/release/dockerfile.ts";
import { formula } from "../scripts/release/formula.ts";
import { findExecutable } from "../scripts/release/npm/find-executable.ts";
import { mainManifest, platformManifest } from "../scripts/release/npm-packages.ts";
import { planOf } from "../scripts/release/plan.ts";
import { ServerJson, serverJson } from "../scripts/release/server-json.ts";
import { sha256, sumsText } from "../scripts/release/sums.ts";
import { TARGETS } from "../scripts/release/targets.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir } from "./support/workspace.ts";

const root = join(import.meta.dir, "..");
const dir = scratchDir();
const about = aboutOf(packageJson, { repository: "ada/orchestrator", time: 1_790_000_000 });
const withImage = aboutOf(packageJson, { repository: "ada/orchestrator", image: "images.example/ada/o", time: 0 });
const plan = await planOf(about, { release: join(dir, "release"), root });
const version = packageJson.version;

test("each platform is compiled as the build is, for itself and into a file of its own", () => {
  const all = TARGETS.map((target) => compileWords(packageJson.scripts.build, target, "/out"));
  for (const [index, words] of all.entries()) {
    const target = TARGETS[index];
    expect(words.slice(0, 4)).toEqual(["build", "src/main.ts", "--compile", "--minify"]);
    expect(words).toContain(`--target=${target?.bun}`);
    expect(words).toContain('__dirname="/"');
    expect(words.filter((word) => word === "--outfile")).toHaveLength(1);
  }
  expect(new Set(all.map((words) => words.at(-1))).size).toBe(TARGETS.length);
  expect(() => compileWords("make", TARGETS[0], "/out")).toThrow(/is no "bun build … --outfile FILE": make/);
});

test("a release has an archive, an npm package and, but for musl, a bundle for each platform", () => {
  const files = plan.map(({ file }) => file);
  expect(new Set(files).size).toBe(files.length);
  for (const target of TARGETS) {
    expect(files).toContain(`orchestrator-${version}-${target.id}.${target.os === "win32" ? "zip" : "tar.gz"}`);
    expect(files).toContain(`npm/workflow-orchestrator-orchestrator-${target.id}-${version}.tgz`);
    expect(files.includes(`workflow-orchestrator-mcp-${version}-${target.id}.mcpb`)).toBe(
      target.id !== "linux-x64-musl" && target.id !== "linux-arm64-musl",
    );
  }
  expect(files).toContain(`npm/workflow-orchestrator-mcp-${version}.tgz`);
  expect(files).toHaveLength(20);
});

test("an archive's bytes depend on its entries alone, not on their order, the place, the zone or the day it is made", async () => {
  const { TZ: zone } = process.env;
  const entries: Entry[] = [
    { path: "b/run", content: { file: join(root, "scripts/demo") }, executable: true },
    { path: "a.txt", content: { text: "a" } },
  ];
  for (const [name, write] of [
    ["x.tar.gz", writeTarball],
    ["x.zip", writeZip],
  ] as const) {
    const made = [];
    for (const [index, TZ] of ["Pacific/Kiritimati", "America/Los_Angeles"].entries()) {
      process.env["TZ"] = TZ;
      const place = mkdtempSync(join(dir, "archive-"));
      await write(index === 0 ? entries : entries.toReversed(), { file: join(place, name), time: about.time });
      made.push(await sha256(join(place, name)));
    }
    expect(made[0]).toBe(made[1] ?? "");
  }
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

test("a tarball has its files sorted, with their modes, without an owner, at the time of the commit", async () => {
  const file = join(dir, "one.tar.gz");
  const program: Entry = { path: "z/run", content: { text: "#!" }, executable: true };
  await writeTarball([program, { path: "a.txt", content: { text: "a" } }], { file, time: about.time });
  const found: unknown[] = [];
  await list({
    file,
    onReadEntry: ({ path, mode, mtime, uid, gid }) => found.push({ path, mode, time: Number(mtime) / 1000, uid, gid }),
  });
  const shared = { time: about.time, uid: undefined, gid: undefined };
  expect(found).toEqual([
    { path: "a.txt", mode: 0o644, ...shared },
    { path: "z/run", mode: 0o755, ...shared },
  ]);
});

test("npm installs a platform's package there alone, runs nothing for it, and the front asks for all of the same version", () => {
  for (const target of TARGETS) {
    const manifest = platformManifest(about, target);
    expect(manifest).toMatchObject({ version, os: [target.os], cpu: [target.cpu] });
    expect("libc" in manifest).toBe(target.os === "linux");
  }
  const main = mainManifest(about);
  expect(Object.values(main.optionalDependencies)).toEqual(TARGETS.map(() => version));
  expect(JSON.stringify(main)).not.toContain('install"');
  expect(main).not.toHaveProperty("scripts");
  expect(main.mcpName).toBe(serverJson(about).name);
});

const MACHINES: [platform: string, arch: string, musl: boolean, file: string | RegExp][] = [
  ["linux", "x64", false, "@workflow-orchestrator/orchestrator-linux-x64/orchestrator"],
  ["linux", "x64", true, "@workflow-orchestrator/orchestrator-linux-x64-musl/orchestrator"],
  ["linux", "arm64", false, "@workflow-orchestrator/orchestrator-linux-arm64/orchestrator"],
  ["linux", "arm64", true, "@workflow-orchestrator/orchestrator-linux-arm64-musl/orchestrator"],
  ["darwin", "arm64", false, "@workflow-orchestrator/orchestrator-darwin-arm64/orchestrator"],
  ["darwin", "x64", false, "@workflow-orchestrator/orchestrator-darwin-x64/orchestrator"],
  ["win32", "x64", false, "@workflow-orchestrator/orchestrator-windows-x64/orchestrator.exe"],
  ["win32", "arm64", false, /no orchestrator for windows-arm64, only for linux-x64, .*windows-x64\./],
  ["freebsd", "x64", false, /no orchestrator for freebsd-x64/],
];

test.each(MACHINES)("on %s %s, musl %p, the front starts %p", (platform, arch, musl, wanted) => {
  const find = () => findExecutable(mainManifest(about), { platform, arch, musl }, (file) => file);
  if (wanted instanceof RegExp) expect(find).toThrow(wanted);
  else expect(find()).toBe(wanted);
});

test("the front's program is the executable's front, and says what to do if the platform's package is missing", async () => {
  const front = plan.find(({ file }) => file === `npm/workflow-orchestrator-mcp-${version}.tgz`);
  const modules = join(dir, "node_modules");
  const home = join(modules, packageJson.name);
  for (const { path, content } of front?.entries ?? []) {
    const text = "text" in content ? content.text : readFileSync(content.file, "utf8");
    await Bun.write(join(home, path.replace("package/", "")), text);
  }
  const start = (...words: string[]) => {
    const ran = Bun.spawnSync(["node", join(home, "bin/orchestrator.js"), ...words]);
    return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
  };
  const missing = start("--version");
  expect(missing).toMatchObject({ code: 1, out: "" });
  expect(missing.err).toMatch(
    /is not installed\..*--omit=optional.*npm install @workflow-orchestrator\/orchestrator-\S+@\d/s,
  );

  const own = /npm install (\S+)@/.exec(missing.err)?.[1] ?? "";
  mkdirSync(join(modules, own), { recursive: true });
  symlinkSync(EXECUTABLE, join(modules, own, "orchestrator"));
  expect(start("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  expect(start("no-such-command")).toMatchObject({ code: 2, out: "" });
  rmSync(modules, { recursive: true });
});

test.each(TARGETS.filter(isBundled).map((target) => [target.id, target] as const))(
  "the manifest of the bundle for %s is what the bundles' makers take",
  (_, target) => {
    const manifest = bundleManifest(about, target);
    expect(manifest).toMatchObject({ version, compatibility: { platforms: [target.os] } });
    const entries = plan.find(({ file }) => file.endsWith(`-${target.id}.mcpb`))?.entries ?? [];
    expect(entries.map(({ path }) => path)).toEqual(["manifest.json", "LICENSE", manifest.server.entry_point]);
  },
);

test("server.json lists the npm package, and the image if one is published", () => {
  expect(serverJson(about).packages.map(({ identifier }) => identifier)).toEqual([packageJson.name]);
  const both = serverJson(withImage).packages.map(({ identifier }) => identifier);
  expect(both).toEqual([packageJson.name, `images.example/ada/o:${version}`]);
});

const WRONG: [string, object][] = [
  ["a name without a namespace", { name: "orchestrator" }],
  ["a long description", { description: "x".repeat(101) }],
  ["a range for a version", { version: "^1.2.3" }],
  ["a field that the registry does not know", { vendor: "x" }],
  ["no package", { packages: [] }],
];

test.each(WRONG)("server.json with %s is refused before the registry does it", (_, change) => {
  expect(ServerJson.safeParse(serverJson(about)).success).toBe(true);
  expect(ServerJson.safeParse({ ...serverJson(about), ...change }).success).toBe(false);
});

test("the formula names for each machine its archive with the archive's checksum", () => {
  const sums = new Map(plan.map(({ file }, index) => [file, index.toString(16).padStart(64, "0")]));
  const text = formula(about, sums);
  for (const id of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]) {
    const file = `orchestrator-${version}-${id}.tar.gz`;
    const url = `https://github.com/ada/orchestrator/releases/download/v${version}/${file}`;
    expect(text).toContain(`url "${url}"\n      sha256 "${sums.get(file)}"`);
  }
  expect(() => formula(about, new Map())).toThrow(/no checksum of orchestrator-/);
});

test("the checksums are what sha256sum checks", async () => {
  await Bun.write(join(dir, "sums/one"), "1");
  await Bun.write(join(dir, "sums/npm/two"), "2");
  const sums = new Map<string, string>();
  for (const file of ["one", "npm/two"]) sums.set(file, await sha256(join(dir, "sums", file)));
  await Bun.write(join(dir, "sums/SHA256SUMS"), sumsText(sums));
  expect(sumsText(sums)).toMatch(/^\w{64} {2}npm\/two\n\w{64} {2}one\n$/);
  const checked = Bun.spawnSync(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: join(dir, "sums") });
  expect(checked.exitCode).toBe(0);
});

test("the image has both processors, runs as nobody in particular, and is labelled as the registry wants it", () => {
  const text = dockerfile(withImage);
  for (const id of ["linux-x64", "linux-arm64"])
    expect(text).toContain(`COPY bin/${id}/orchestrator /usr/bin/orchestrator`);
  expect(text).toMatch(/^USER 65532:65532$/m);
  expect(text).not.toMatch(/^RUN/m);
  expect(text).toContain(`io.modelcontextprotocol.server.name="${serverJson(withImage).name}"`);
});

test("the workflow that uploads has pinned actions, and rights a job at a time", () => {
  const workflow = parse(readFileSync(join(root, ".github/workflows/release.yml"), "utf8"));
  expect(workflow.permissions).toEqual({});
  for (const [name, job] of Object.entries<{ permissions: object; steps: { uses?: string }[] }>(workflow.jobs)) {
    expect({ name, rights: Object.keys(job.permissions).length }).toEqual({ name, rights: 1 });
    for (const { uses } of job.steps) if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  }
});

test("nobody publishes the checkout itself by mistake", () => {
  expect(packageJson.private).toBe(true);
});

test.each([
  ["no slash", { repository: "ada" }],
  ["an image with a space", { image: "a b" }],
])("%s is refused", (_, given) => {
  expect(() => aboutOf(packageJson, { ...given, time: 0 })).toThrow();
});
