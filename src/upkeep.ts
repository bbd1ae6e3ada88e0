/** What keeps a long-lived database healthy. Implemented by the technology that stores. */

export interface Upkeep {
  /** Opens and examines the database; resolves to what a person should know, empty where all is well. Rejects with PERSISTENCE_ERROR. */
  examine(): Promise<string[]>;
  /** Copies the database, as of now and while others write, to a file that must not exist yet. */
  backup(file: string): Promise<void>;
  /** Deletes final instances that ended before that time (ISO 8601), with their histories; resolves to how many. */
  prune(before: string): Promise<number>;
}
