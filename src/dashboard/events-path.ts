/** Where the page of a browser hears that what it shows has changed. */

/** What a page follows: one run, or the list of all. */
export type Follows = { run: string } | "list";

/** `revision` is how the state stood before the page was made: if it is another one by then, that is told at once. */
export function eventsPath(follows: Follows, revision: string): string {
  const topic = follows === "list" ? { list: "1" } : follows;
  return `/api/events?${new URLSearchParams({ ...topic, since: revision })}`;
}
