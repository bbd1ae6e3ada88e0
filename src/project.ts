/** What the server may learn about the project that a run is about. It never runs anything the project brings. */

export interface ProjectProbe {
  /** Whether the project's git HEAD moved after that time (ISO 8601); null where there is no git, or it cannot be told. */
  headMovedSince(directory: string, time: string): Promise<boolean | null>;
}
