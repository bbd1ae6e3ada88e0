/**
 * Lists that grow downwards. The last item of a list, `<li data-more="ADDRESS">` with a link in it, stands for the older ones:
 * when it comes into view, or its link is followed, it gives way to the items of the first list that lies under the address,
 * the last of which may be such an item again. The list has an id, each item a `data-seq` that stays its own.
 */
import { fetchPart } from "./say.ts";
import { tellTimes } from "./times.ts";

/** How far below the window an item may be when it is loaded. */
const AHEAD = "600px";

let seen: IntersectionObserver | null = null;

export function loadOlder(): void {
  const came = (entries: IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) void grow(target);
  };
  seen = new IntersectionObserver(came, { rootMargin: `0px 0px ${AHEAD} 0px` });
  watchOlder();
  document.addEventListener("click", (event) => {
    const item = event.target instanceof Element ? event.target.closest("a, button")?.closest("[data-more]") : null;
    if (!item) return;
    event.preventDefault();
    item.removeAttribute("data-failed");
    void grow(item);
  });
}

/** After the page became another one. */
export function watchOlder(): void {
  seen?.disconnect();
  for (const item of document.querySelectorAll("[data-more]")) seen?.observe(item);
}

async function grow(item: Element): Promise<void> {
  const address = item.getAttribute("data-more");
  if (!address || item.ariaBusy === "true" || item.hasAttribute("data-failed")) return;
  item.ariaBusy = "true";
  try {
    const items = (await fetchPart(address)).querySelector("ol, ul")?.children ?? [];
    item.parentElement?.setAttribute("data-grown", "");
    item.replaceWith(...items);
    tellTimes();
    watchOlder();
  } catch {
    // The link stays, to try again by.
    item.setAttribute("data-failed", "");
    item.ariaBusy = null;
  }
}

/**
 * Before a page is changed into a newer one: the older items of a list that grew stay below those that came. If so much is
 * new that there would be a hole between them, the list begins anew.
 */
export function keepOlder(here: Element, coming: Element): void {
  const grown = here.querySelector("[data-grown]");
  const list = grown?.id ? coming.querySelector(`#${CSS.escape(grown.id)}`) : null;
  if (!grown || !list) return;
  const known = new Set(seqsOf(grown));
  if (!seqsOf(list).some((seq) => known.has(seq))) {
    grown.removeAttribute("data-grown");
    return;
  }
  list.setAttribute("data-grown", "");
  list.querySelector(":scope > [data-more]")?.remove();
}

/** Whether it is an item that a newer page does not have because it is too old for it. */
export function isOlder(item: Element): boolean {
  return item.matches("[data-grown] > :is([data-seq], [data-more])");
}

function seqsOf(list: Element): (string | null)[] {
  return [...list.querySelectorAll(":scope > [data-seq]")].map((item) => item.getAttribute("data-seq"));
}
