/** The words that start the server in a client's entry. Pure. */

export interface Launch {
  /** The words that start this executable. */
  self: readonly string[];
  /** Each `NAME=COMMAND`. */
  commands: readonly string[];
  /** Whether words start a server of ours, wherever its executable lies. */
  isOurs(words: readonly string[]): boolean;
}

/** The words of a new entry. `project`: how the client writes the directory that it works on, if it does not start servers there. */
export function freshWords({ self, commands }: Launch, project: string | null): string[] {
  const inProject = project === null ? [] : ["--project", project];
  return [...self, ...inProject, ...commands.flatMap((command) => ["--command", command])];
}

/** The words of an entry of ours, brought up to date: this executable, the commands that were named; all else in it stays. */
export function updatedWords(found: readonly string[], launch: Launch, project: string | null): string[] {
  const words = found.slice(programLength(found, launch));
  if (project !== null && !words.some((word) => word === "--project" || word.startsWith("--project=")))
    words.push("--project", project);
  for (const command of launch.commands) {
    const at = words.findIndex((_, index) => isSameCommand(commandAt(words, index), command));
    if (at < 0) words.push("--command", command);
    else if (words[at] === "--command") words[at + 1] = command;
    else words[at] = `--command=${command}`;
  }
  return [...launch.self, ...words];
}

/** Whether they name a command of this name. */
export function namesCommand(words: readonly string[], name: string): boolean {
  return words.some((_, index) => isSameCommand(commandAt(words, index), `${name}=`));
}

/** How many of the words start the program; the rest are the server's. */
export function programLength(words: readonly string[], { self }: Pick<Launch, "self">): number {
  return self.length > 1 && self.every((word, index) => words[index] === word) ? self.length : 1;
}

/** The `NAME=COMMAND` that begins at this word. */
function commandAt(words: readonly string[], index: number): string | undefined {
  const word = words[index] ?? "";
  return word === "--command" ? words[index + 1] : /^--command=(.*)$/s.exec(word)?.[1];
}

function isSameCommand(left: string | undefined, right: string): boolean {
  return left !== undefined && left.split("=")[0] === right.split("=")[0];
}
