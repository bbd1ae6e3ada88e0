/** Which approvals a dialog asks for now: nobody is asked the same in two. */
import type { Bound } from "../../engine/approvals.ts";

/** An approval's id is its run's own. */
type Approval = Pick<Bound, "instance_id" | "approval_id">;

export interface OpenDialogs {
  /** It counts as open until it is closed, at most that long, in milliseconds. */
  open(approval: Approval, ms: number): void;
  isOpen(approval: Approval): boolean;
  close(approval: Approval): void;
}

export function createOpenDialogs(clock: () => number = () => performance.now()): OpenDialogs {
  const until = new Map<string, number>();
  const keyOf = ({ instance_id, approval_id }: Approval) => `${instance_id} ${approval_id}`;

  return {
    open(approval, ms) {
      for (const [key, time] of until) if (time <= clock()) until.delete(key);
      until.set(keyOf(approval), clock() + ms);
    },
    isOpen: (approval) => (until.get(keyOf(approval)) ?? 0) > clock(),
    close: (approval) => void until.delete(keyOf(approval)),
  };
}
