/**
 * What a person does to a run: a button that opens a dialog, whose form the page's script sends as JSON. Several buttons may
 * open one dialog, each with what it is about.
 */
import type { PropsWithChildren } from "hono/jsx";
import { visible } from "../words.ts";
import type { View } from "./view.ts";

interface DialogProps {
  view: View;
  id: string;
  title: string;
  /** Where its fields are sent, by POST: the inputs by their names, and what the button adds. */
  action: string;
  /** What the button that sends it says. */
  send: string;
  /** It ends something, or cannot be taken back. */
  danger?: boolean;
  /** Where to go afterwards; `{name}` is that field of the answer. Absent: the page stays. */
  then?: string;
  /** It is sent with a `request_id` of its own, so that to send it again does nothing twice. */
  once?: boolean;
  /** A text of the person's own. */
  words?: { name: "reason" | "comment"; label: string; required?: boolean };
}

/** Its children say what will happen; an element with `data-said` among them is filled with what the button says of it. */
export function ActionDialog({ view, id, title, words, children, ...form }: PropsWithChildren<DialogProps>) {
  return (
    <dialog id={id} aria-labelledby={`${id}-title`}>
      <form data-action={form.action} data-then={form.then} data-once={form.once ? "" : undefined}>
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
        {words && <Words {...words} />}
        {view.asksPin && <Pin />}
        <div role="alert" />
        <div class="actions">
          <button type="button" data-close>
            Back
          </button>
          <button type="submit" class={form.danger ? "danger" : "main"}>
            {form.send}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Most characters of a comment or a reason. */
const MAX_WORDS = 1_000;

function Words({ name, label, required }: NonNullable<DialogProps["words"]>) {
  return (
    <label>
      <span>{required ? label : `${label} (may be left empty)`}</span>
      <textarea name={name} maxlength={MAX_WORDS} required={required ?? false} />
    </label>
  );
}

function Pin() {
  return (
    <label>
      <span>PIN</span>
      <input type="password" name="pin" inputmode="numeric" autocomplete="off" required />
    </label>
  );
}

interface OpenerProps {
  /** Of the dialog. */
  opens: string;
  /** Sent with its fields; JSON. */
  fields?: Record<string, unknown>;
  /** What it is about, in words that the dialog repeats. */
  said?: string;
  /** `main`, `danger`, `quiet`, `tiny`. */
  look?: string;
}

/** Without a script it does nothing, and is not there. */
export function Opener({ opens, fields, said, look = "", children }: PropsWithChildren<OpenerProps>) {
  return (
    <button
      type="button"
      data-dialog={opens}
      data-fields={fields && visible(JSON.stringify(fields))}
      data-said={said && visible(said)}
      class={`scripted ${look}`.trim()}
    >
      {children}
    </button>
  );
}
