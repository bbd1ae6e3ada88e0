/** Which command runs the tests of a project, guessed from the files that its tools read. Nothing is run. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface TestGuess {
  command: string;
  /** The file that says so. */
  from: string;
}

/** A larger one was made by no person. */
const MOST_BYTES = 1_000_000;
const LOCKS: readonly [file: string, manager: string][] = [
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
];
const RUNS: Record<string, string> = { bun: "bun run test", pnpm: "pnpm test", yarn: "yarn test", npm: "npm test" };

/** All that may be meant; exactly one leaves no doubt. */
export function guessTests(project: string): TestGuess[] {
  const has = (name: string) => existsSync(join(project, name));
  const read = (name: string) => textOf(join(project, name));
  const found: TestGuess[] = packageTests(read("package.json"), has).map((command) => ({
    command,
    from: "package.json",
  }));
  const makefile = ["GNUmakefile", "makefile", "Makefile"].find(has);
  if (makefile && /^test[ \t]*:(?!=)/m.test(read(makefile))) found.push({ command: "make test", from: makefile });
  if (has("Cargo.toml")) found.push({ command: "cargo test", from: "Cargo.toml" });
  if (has("go.mod")) found.push({ command: "go test ./...", from: "go.mod" });
  if (/\bpytest\b/.test(read("pyproject.toml"))) found.push({ command: pytest(has), from: "pyproject.toml" });
  return found;
}

function packageTests(text: string, has: (name: string) => boolean): string[] {
  const { scripts, packageManager } = packageOf(text);
  const script = scripts["test"];
  if (!script || /no test specified/.test(script)) return [];
  const [named = ""] = packageManager.split("@");
  if (RUNS[named]) return [RUNS[named]];
  const managers = new Set(LOCKS.filter(([file]) => has(file)).map(([, manager]) => manager));
  return [...(managers.size > 0 ? managers : ["npm"])].flatMap((manager) => RUNS[manager] ?? []);
}

/** What of a package.json counts here, if it is one. */
function packageOf(text: string): { scripts: Record<string, string>; packageManager: string } {
  const none = { scripts: {}, packageManager: "" };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return none;
    const { scripts, packageManager }: { scripts?: unknown; packageManager?: unknown } = value;
    const pairs = typeof scripts === "object" && scripts !== null ? Object.entries(scripts) : [];
    const words = pairs.filter((pair): pair is [string, string] => typeof pair[1] === "string");
    return {
      scripts: Object.fromEntries(words),
      packageManager: typeof packageManager === "string" ? packageManager : "",
    };
  } catch {
    return none;
  }
}

function pytest(has: (name: string) => boolean): string {
  if (has("uv.lock")) return "uv run pytest";
  return has("poetry.lock") ? "poetry run pytest" : "pytest";
}

/** Empty if it cannot be read: then it says nothing. */
function textOf(file: string): string {
  try {
    const about = statSync(file);
    return about.isFile() && about.size <= MOST_BYTES ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}
