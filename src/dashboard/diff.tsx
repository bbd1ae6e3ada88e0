/** A unified diff, coloured by how its lines begin; each keeps its sign, so that nothing hangs on colour. */
import { visible } from "../words.ts";

const KINDS: [start: RegExp, kind: string][] = [
  [/^(?:diff |index |\+\+\+ |--- )/, "file"],
  [/^@@/, "hunk"],
  [/^\+/, "add"],
  [/^-/, "del"],
];

export function Diff({ of, label }: { of: string; label: string }) {
  return (
    <figure class="code" tabindex={0} aria-label={label}>
      <pre class="diff">
        {visible(of)
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => (
            <span class={KINDS.find(([start]) => start.test(line))?.[1]}>{line || " "}</span>
          ))}
      </pre>
    </figure>
  );
}
