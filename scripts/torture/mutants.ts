/** Servers with a fault put in on purpose, each compiled from a patched copy of the sources: tests must catch them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const OPEN = "src/sqlite/open.ts";
const PRUNE = "src/sqlite/prune.ts";

interface Patch {
  file: string;
  find: string;
  replace: string;
}

const wrapped = (module: string): Patch[] => [
  { file: OPEN, find: "    return db;", replace: "    return mutate(db);" },
  {
    file: OPEN,
    find: 'import { AppError } from "../errors.ts";',
    replace: `import { AppError } from "../errors.ts";\nimport { mutate } from ${JSON.stringify(join(import.meta.dir, "mutants", module))};`,
  },
];

const PATCHES = {
  "synchronous=NORMAL": [{ file: OPEN, find: '"PRAGMA synchronous = FULL"', replace: '"PRAGMA synchronous = NORMAL"' }],
  "answer before COMMIT": wrapped("answer-before-commit.ts"),
  "history apart": wrapped("history-apart.ts"),
  "prune answers before it flushes": [
    { file: PRUNE, find: "  if (deleted > 0) await flush(db, busy);\n", replace: "" },
  ],
  "prune with synchronous=OFF": [
    { file: PRUNE, find: '"PRAGMA synchronous = NORMAL"', replace: '"PRAGMA synchronous = OFF"' },
  ],
} satisfies Record<string, Patch[]>;

export type MutantName = keyof typeof PATCHES;
export const MUTANTS = Object.keys(PATCHES) as MutantName[]; // Object.keys forgets the type

export interface Mutant {
  executable: string;
  dispose(): void;
}

/** Compiles it in a scratch directory. Throws where the text to patch is not found: then the patch wants a new one. */
export function buildMutant(name: MutantName): Mutant {
  const room = mkdtempSync(join(tmpdir(), "orchestrator-mutant-"));
  for (const part of ["src", "workflows", "package.json", "tsconfig.json"]) {
    cpSync(join(ROOT, part), join(room, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(room, "node_modules"));
  for (const patch of PATCHES[name]) {
    const path = join(room, patch.file);
    writeFileSync(path, patched(readFileSync(path, "utf8"), patch));
  }
  const built = Bun.spawnSync([process.execPath, "run", "build"], { cwd: room, stdout: "pipe", stderr: "pipe" });
  if (!built.success) throw new Error(`The mutant "${name}" does not compile:\n${built.stderr}`);
  return {
    executable: join(room, "dist/orchestrator"),
    dispose: () => rmSync(room, { recursive: true, force: true }),
  };
}

function patched(text: string, { file, find, replace }: Patch): string {
  if (text.split(find).length !== 2) {
    throw new Error(`${file} no longer holds, exactly once, the text that a mutant replaces: ${find}`);
  }
  return text.replace(find, () => replace);
}
