/** Finds the program that a command names, before anything is started. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";

/** Its absolute path; or why it cannot be started, in one line. A path with a slash is relative to the project. */
export async function findProgram(
  word: string,
  { path, project }: { path: string; project: string },
): Promise<{ program: string } | { fault: string }> {
  if (!word.includes("/")) {
    const program = word && Bun.which(word, { PATH: path, cwd: project });
    return program ? { program: resolve(project, program) } : { fault: `there is no program "${word}"` };
  }
  const program = resolve(project, word);
  const found = await stat(program).catch(() => null);
  if (!found) return { fault: `there is no program "${word}"` };
  if (!found.isFile())
    return { fault: `"${word}" is no program but ${found.isDirectory() ? "a directory" : "a device"}` };
  const executable = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable ? { program } : { fault: `"${word}" is not executable` };
}
