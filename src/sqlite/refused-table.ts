/**
 * The store's part about refused reports. They wait a moment for others of their kind, so that no answer waits for their flush,
 * and an agent that repeats what is refused, as fast as it can, costs a few commits a second until its visit has all it may have.
 */
import { MAX_REFUSED } from "../overview.ts";
import type { Store } from "../store.ts";
import type { Row } from "./rows.ts";

/** How long the first waits for others, in milliseconds. */
const GATHER_MS = 100;
/** Most that wait at once; further ones are not counted. */
const MAX_WAITING = 1_000;

const INSERT = `INSERT INTO refused (instance_id, visit, step_name, code, reason, refused_at)
  SELECT instance_id, $visit, $step_name, $code, $reason, $refused_at FROM instances WHERE instance_id = $instance_id
    AND (SELECT COUNT(*) FROM refused WHERE instance_id = $instance_id AND visit = $visit) < ${MAX_REFUSED}`;

interface Statements {
  run(sql: string, values: Row): number;
  /** What SQLite refuses becomes PERSISTENCE_ERROR. */
  write<T>(body: () => T): Promise<T>;
}

interface Batch {
  rows: Row[];
  written: Promise<void>;
  flush(): void;
}

export interface RefusedTable {
  /** Its method of the store, on the store's own statements. */
  methods: Pick<Store, "noteRefused">;
  /** Hands over what waits, now. */
  end(): void;
}

export function createRefusedTable({ run, write }: Statements): RefusedTable {
  let open: Batch | null = null;

  function begin(): Batch {
    const rows: Row[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const insert = () => {
      for (const each of rows) run(INSERT, each);
    };
    const flush = () => {
      clearTimeout(timer);
      open = null;
      resolve(write(insert));
    };
    const timer = setTimeout(flush, GATHER_MS);
    timer.unref(); // closing the store flushes
    return { rows, written: promise, flush };
  }

  return {
    methods: {
      noteRefused(instance_id, refused) {
        open ??= begin();
        if (open.rows.length < MAX_WAITING) open.rows.push({ instance_id, ...refused });
        return open.written;
      },
    },
    end: () => open?.flush(),
  };
}
