/**
 * Pages that were rendered lately, for windows that are told of a change: ten that look at one run have it rendered once. A
 * window says of which moment it was told, and gets nothing that is older.
 */
import type { Moments } from "./moments.ts";

/** Most pages that are kept, and most characters of one. */
const MAX_KEPT = 20;
const MAX_LENGTH = 256 * 1024;

interface Rendered {
  moment: number;
  page: Promise<string>;
}

export interface SharedPages {
  /** The page at the address as `render` makes it; `since`: the moment that it must show, null if only the present will do. */
  page(address: string, since: number | null, render: () => Promise<string>): Promise<string>;
}

export function createSharedPages(moments: Pick<Moments, "last">): SharedPages {
  /** The one that was rendered longest ago first. */
  const kept = new Map<string, Rendered>();

  function keep(address: string, rendered: Rendered): void {
    kept.delete(address);
    kept.set(address, rendered);
    const forget = () => kept.get(address) === rendered && kept.delete(address);
    rendered.page.then((text) => text.length > MAX_LENGTH && forget(), forget);
    for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
  }

  return {
    page(address, since, render) {
      const known = kept.get(address);
      if (known && since !== null && known.moment >= since) return known.page;
      const rendered = { moment: moments.last(), page: render() };
      keep(address, rendered);
      return rendered.page;
    },
  };
}
