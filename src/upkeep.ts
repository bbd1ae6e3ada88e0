/** What keeps a long-lived database healthy. Implemented by the technology that stores; tests/store.test.ts holds it to this. */

/** Each method works while others write, waits for a busy state, and rejects with PERSISTENCE_ERROR if that is in vain. */
export interface Upkeep {
  /** Opens and examines the database; resolves to what a person should know, empty if all is well. */
  examine(): Promise<string[]>;
  /**
   * Copies the database, as of now, to a file that must not exist yet (INVALID_INPUT). The copy is complete and flushed, or
   * not there.
   */
  backup(file: string): Promise<void>;
  /**
   * Deletes roots that ended before that time (ISO 8601), as all of their branches did, each with its branches and all that
   * belongs to them; resolves to how many roots. Others wait briefly at most. If it is stopped half way, each run that is
   * deleted is deleted whole, and a root whose branches are gone in part goes with the next one.
   */
  prune(before: string): Promise<number>;
}
