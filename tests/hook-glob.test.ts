/** A hook reads globs without git, and as git does: git itself is asked. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { takesIn } from "../src/hooks/glob.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const FILES = [
  ["a", "b.ts", "ab.ts", "src/a.ts", "src/b.js", "src/deep/a.ts", "src/deep/er/c.ts", "docs/plan.md", "docs/a-b.md"],
  [
    "x/src/a.ts",
    "srcs/a",
    "[x].md",
    "a*b",
    "é.md",
    "é/ü.md",
    "1/2/3/4",
    "-",
    "]",
    "^x",
    "!x",
    "A/B",
    ".hidden/.a",
    "a b/c d",
  ],
].flat();

const project = scratchDir();
writeFiles(project, Object.fromEntries(FILES.map((path) => [path, path])));
const git = (...args: string[]) => Bun.spawnSync(["git", ...args], { cwd: project, stdout: "pipe", stderr: "pipe" });
git("init", "-q");
git("add", "-A");

function byGit(glob: string): string[] {
  const { success, stdout, stderr } = git("-c", "core.quotepath=off", "ls-files", "-z", "--", `:(glob)${glob}`);
  if (!success) throw new Error(String(stderr));
  return String(stdout).split("\0").filter(Boolean).sort();
}

const byHook = (glob: string) => FILES.filter((path) => takesIn(glob, path)).sort();

test.each(
  [
    ["**", "*", "?", "src", "src/", "src/**", "src/*", "./src/*.ts", "**/a.ts", "**/src/**", "src/**/a.ts", "s?c/*"],
    [
      "[a-b]*",
      "[!a]*",
      "[^a]*",
      "[[:alpha:]]*",
      "[[:digit:]]/**",
      "[]]",
      "[]-]",
      "[a",
      "a**",
      "**b",
      "***",
      "***/a.ts",
    ],
    [
      "a[*]b",
      "[[]x[]].md",
      "?.md",
      "??.md",
      "*/*",
      "*/*/",
      "docs//plan.md",
      "é*",
      "[é]*",
      "**/",
      "a/**/b",
      "1/**/4",
      "1/**/3/4",
    ],
    ["src/**.ts", "docs/[a-z]-[!-]*", ".*/**", "* b/*", "-", "[[:bogus:]]", "[b-a]*", "src/**/**/c.ts", "**/**"],
  ].flat(),
)("%s takes in the files that git takes in", (glob) => {
  expect(byHook(glob)).toEqual(byGit(glob));
});

test("any glob takes in the files that git takes in", () => {
  const piece = fc.constantFrom(
    ..."ab/*?[]!-^sr.1é".split(""),
    "**",
    "**/",
    "/**",
    "src",
    "[a-c]",
    "[!b]",
    ".ts",
    "[[:alpha:]]",
  );
  const glob = fc
    .array(piece, { minLength: 1, maxLength: 7 })
    .map((pieces) => pieces.join(""))
    .filter((text) => !/^[:!/]/.test(text) && !text.split("/").includes("..")); // as front matter refuses them
  fc.assert(
    fc.property(glob, (each) => expect(byHook(each)).toEqual(byGit(each))),
    { numRuns: 400 },
  );
});

test("a glob of many stars ends at once", () => {
  expect(takesIn(`${"*a".repeat(500)}b`, "a".repeat(4_000))).toBe(false);
  expect(takesIn(`${"**/a/".repeat(200)}b`, "a/".repeat(2_000))).toBe(false);
});
