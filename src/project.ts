/** What the server may learn about the project that a run is about. */

export interface ProjectProbe {
  /**
   * Whether the project's git HEAD moved after that time (ISO 8601); null where there is no git, or it cannot be told.
   * Runs nothing that the project brings.
   */
  headMovedSince(directory: string, time: string): Promise<boolean | null>;
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
