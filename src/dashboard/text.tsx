/**
 * Texts that agents, authors and programs wrote. They are escaped as any text is, what would steer or hide is shown, and
 * each stands in an isolation of its own, so that its direction of writing moves nothing beside it.
 */
import { jsonText } from "../json.ts";
import { oneLine, visible } from "../words.ts";

/** As it is, in the line. */
export function Text({ of }: { of: string }) {
  return <bdi>{visible(of)}</bdi>;
}

/** One line of it, cut at `most` characters; the whole of a short one in `title`. */
export function Line({ of, most = 160 }: { of: string; most?: number }) {
  const line = oneLine(of, most);
  return line === of ? <bdi>{line}</bdi> : <bdi title={oneLine(of, 1_000)}>{line}</bdi>;
}

/** With its line breaks; long lines wrap. `prose`: words rather than data. */
export function Block({ of, prose = false }: { of: string; prose?: boolean }) {
  return (
    <pre class={prose ? "text prose" : "text"}>
      <bdi>{visible(of)}</bdi>
    </pre>
  );
}

/** A program's output or a piece of code: lines stay lines, and scroll. The keyboard reaches it for that. */
export function Code({ of, label }: { of: string; label: string }) {
  return (
    <figure class="code" tabindex={0} aria-label={label}>
      <pre>{visible(of)}</pre>
    </figure>
  );
}

/** A value of the context or of a report: a text as it is, anything else as JSON. */
export function Value({ of }: { of: unknown }) {
  return <Block of={typeof of === "string" ? of : jsonText(of, 2)} />;
}

/** A name for machines: an id, a path, a command. */
export function Mono({ of }: { of: string }) {
  return (
    <code>
      <bdi>{visible(of)}</bdi>
    </code>
  );
}
