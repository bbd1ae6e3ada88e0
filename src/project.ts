/** What the server may learn about the project that a run is about. */

export interface ProjectProbe {
  /**
   * The id of the commit that git's HEAD names; null where there is none, or it cannot be told. Looks at a few small
   * files, so that it may be asked at each report. Starts nothing.
   */
  head(directory: string): string | null;
  /**
   * The files below the directory that differ from the last commit, new ones last; null where it cannot be told. Runs
   * nothing that the project brings. Never rejects.
   */
  modified(directory: string): Promise<string[] | null>;
}

export interface Probing {
  /** The whole environment of what is started for it. */
  environment: Record<string, string>;
  signal?: AbortSignal;
}

export interface ChangeProbe {
  /**
   * A digest over the names and contents of the files below the directory that match the glob, ignored files aside. It
   * is another one when, and only when, a file came, went or has other content, committed or not; null where it cannot
   * be told. Never rejects.
   */
  fingerprint(directory: string, glob: string, how: Probing): Promise<string | null>;
}
