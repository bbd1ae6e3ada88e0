/**
 * Brings the page up to date: the same address is asked for again, and what stands here is changed into what came, so that
 * focus, what is open or typed, and the place that is looked at stay.
 */
import { Idiomorph } from "idiomorph";
import { isAskedAnew } from "./asked.ts";
import { loadAgain } from "./lazy.ts";
import { isOlder, keepOlder, watchOlder } from "./older.ts";
import { say } from "./say.ts";
import { tellTimes } from "./times.ts";

/** `lost`: the server does not answer. `out`: it does not know this window any more. */
export type Refreshed = "done" | "lost" | "out";

const PATIENCE_MS = 10_000;

let running: Promise<Refreshed> | null = null;
let next: Promise<Refreshed> | null = null;
/** Of what is asked for next: the moment that it must show, null for the present. */
let wanted: number | null = 0;

/**
 * One at a time; who asks meanwhile gets the one that begins after it. With the moment that the server told, what it rendered for
 * another window since then will do.
 */
export function refresh(moment: number | null = null): Promise<Refreshed> {
  wanted = moment === null || wanted === null ? null : Math.max(moment, wanted);
  if (!running) {
    running = once(wanted).finally(() => {
      running = null;
    });
    wanted = 0;
    return running;
  }
  next ??= running.then(() => {
    next = null;
    return refresh(wanted);
  });
  return next;
}

async function once(moment: number | null): Promise<Refreshed> {
  try {
    const headers: Record<string, string> = moment === null ? {} : { "X-Moment": String(moment) };
    const response = await fetch(location.href, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.status === 401) return "out";
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const main = page.querySelector("main");
    // A server that is ending, or something between here and it, answers without a page.
    if (!main) return "lost";
    show(main, page.title);
    return "done";
  } catch {
    return "lost";
  }
}

function show(main: HTMLElement, title: string): void {
  const here = document.querySelector("main");
  if (!here || isAskedAnew(here, main)) return;
  const before = here.dataset["news"];
  keepOlder(here, main);
  Idiomorph.morph(here, main, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks: CALLBACKS });
  document.title = title;
  tellTimes();
  watchOlder();
  loadAgain();
  const after = here.dataset["news"];
  if (after && after !== before) say(after);
}

const CALLBACKS = {
  beforeNodeMorphed: (node: Node) => !(node instanceof Element && isReaders(node)),
  beforeNodeRemoved: (node: Node) => !(node instanceof Element && (isReaders(node) || isOlder(node))),
  // Whether something is open is the reader's to say.
  beforeAttributeUpdated: (name: string) => name !== "open",
};

/** What the reader is at, or asked for: it stays as it is. */
function isReaders(node: Element): boolean {
  return node.matches("dialog[open], [data-loaded]") || (node instanceof HTMLFormElement && isChanged(node));
}

function isChanged(form: HTMLFormElement): boolean {
  return [...form.elements].some((field) => {
    if (field instanceof HTMLSelectElement)
      return [...field.options].some((each) => each.selected !== isDefault(each, field));
    if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
    if (!(field instanceof HTMLInputElement)) return false;
    return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  });
}

/** The first option is selected if the page selects none. */
function isDefault(option: HTMLOptionElement, { options }: HTMLSelectElement): boolean {
  const chosen = [...options].find((each) => each.defaultSelected) ?? options[0];
  return option === chosen;
}
