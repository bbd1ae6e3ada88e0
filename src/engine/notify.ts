/** Who is told when a run begins to wait for a person. */
import type { Instance } from "../instance.ts";
import { noticeOf } from "../notice.ts";
import type { Parts } from "./parts.ts";

/** Tells a person of the row as it now is, which is durable, if it begins to wait for them; null: it was not there before. */
export function notify({ notifier }: Parts, before: Instance | null, now: Instance): void {
  const notice = notifier && noticeOf(before, now);
  if (notice) notifier.tell(notice);
}
