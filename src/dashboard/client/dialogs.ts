/** Actions: a button opens a dialog, its form is sent as JSON, what the server refuses is said in the dialog. */
import { refresh } from "./refresh.ts";
import { partOf, refusalWords, say } from "./say.ts";

const UNKNOWN =
  "The server does not answer, so it is not known whether this was done. Look at the run before you send it again.";

export function offerDialogs(): void {
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const opener = target.closest<HTMLElement>("[data-dialog]");
    if (opener) open(opener);
    if (target.closest("[data-close]")) target.closest("dialog")?.close();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset["action"] === undefined) return;
    event.preventDefault();
    if (form.ariaBusy !== "true") void send(form);
  });
}

function open(opener: HTMLElement): void {
  const dialog = document.getElementById(opener.dataset["dialog"] ?? "");
  const form = dialog?.querySelector("form");
  if (!(dialog instanceof HTMLDialogElement) || !form) return;
  form.reset();
  form.dataset["fields"] = opener.dataset["fields"] ?? "{}";
  if (form.dataset["once"] !== undefined) form.dataset["once"] = crypto.getRandomValues(new Uint32Array(4)).join("-");
  tell(form, "");
  for (const place of form.querySelectorAll("[data-said]")) place.textContent = opener.dataset["said"] ?? "";
  dialog.showModal();
}

async function send(form: HTMLFormElement): Promise<void> {
  busy(form, true);
  tell(form, "");
  const response = await post(form.dataset["action"] ?? "", bodyOf(form));
  const answer: unknown = await response?.json().catch(() => null);
  busy(form, false);
  if (!response?.ok) {
    refused(form, response, answer);
    return;
  }
  form.closest("dialog")?.close();
  form.reset();
  const { then } = form.dataset;
  if (then) location.assign(filled(then, answer));
  else await refresh().then(() => say("Done."));
}

async function post(address: string, body: unknown): Promise<Response | null> {
  const headers = { "Content-Type": "application/json", "X-Orchestrator": "1" };
  return fetch(address, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
}

/** What the button gave, then the form's own fields; one that is empty is not sent. */
function bodyOf(form: HTMLFormElement): Record<string, unknown> {
  const fields: Record<string, unknown> = JSON.parse(form.dataset["fields"] || "{}");
  if (form.dataset["once"]) fields["request_id"] = form.dataset["once"];
  for (const [name, value] of new FormData(form)) if (value !== "") fields[name] = value;
  return fields;
}

function refused(form: HTMLFormElement, response: Response | null, answer: unknown): void {
  tell(form, response ? refusalWords(response, answer) : UNKNOWN);
  const pin = form.elements.namedItem("pin");
  if (!(pin instanceof HTMLInputElement)) return;
  pin.value = "";
  pin.focus();
}

function tell(form: HTMLFormElement, words: string): void {
  const place = form.querySelector("[role=alert]");
  if (place) place.textContent = words;
}

function busy(form: HTMLFormElement, is: boolean): void {
  form.ariaBusy = is ? "true" : null;
  for (const button of form.querySelectorAll("button")) button.disabled = is;
}

/** An address with `{name}` for fields of the answer. */
function filled(address: string, answer: unknown): string {
  return address.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(partOf(answer, name) ?? "")));
}
