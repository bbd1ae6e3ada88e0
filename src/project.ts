/** What the server may learn about the project that a run is about. */

export interface ProjectProbe {
  /**
   * The id of the commit that git's HEAD names; null if there is none, or it cannot be told. Cheap enough for each
   * report: it looks at a few small files and starts nothing.
   */
  head(directory: string): string | null;
  /**
   * The files below the directory that differ from the last commit, new ones last; null if that cannot be told. Runs
   * nothing that the project brings. Never rejects.
   */
  modified(directory: string): Promise<string[] | null>;
}

export interface Probing {
  /** The whole environment of the programs that are started for it. */
  environment: Record<string, string>;
  signal?: AbortSignal;
  /**
   * Nothing that the project or its settings name is started, and it takes 2 s at the most. A file that git would read
   * through a program is told by its size and time.
   */
  inert?: boolean;
}

/** Files of a project, as git reads globs. */
export interface Files {
  glob: string;
  /** Those that match one of these are not among them. */
  except?: readonly string[];
}

export interface ChangeProbe {
  /**
   * The files below the directory, ignored ones aside: by path, one byte a character, an id of the content. It is another
   * one if, and only if, the content is, committed or not. Null if it cannot be told. Never rejects.
   */
  contents(directory: string, files: Files, how: Probing): Promise<ReadonlyMap<string, string> | null>;
}
