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
}

export interface ChangeProbe {
  /**
   * A digest over the names and contents of the files below the directory that match the glob, ignored files aside. It
   * changes if, and only if, a file came, went or has other content, committed or not. Null if it cannot be told. Never
   * rejects.
   */
  fingerprint(directory: string, glob: string, how: Probing): Promise<string | null>;
}
