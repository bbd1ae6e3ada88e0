/** A unified diff, coloured by how its lines begin; each keeps its sign, so that nothing hangs on colour. */
import { type DiffLine, diffLineOf } from "../approval.ts";
import { visible } from "../words.ts";

const CLASSES: Record<DiffLine, string> = { file: "file", hunk: "hunk", added: "add", deleted: "del" };

export function Diff({ of, label }: { of: string; label: string }) {
  return (
    <figure class="code" tabindex={0} aria-label={label}>
      <pre class="diff">
        {visible(of)
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => (
            <span class={classOf(line)}>{line || " "}</span>
          ))}
      </pre>
    </figure>
  );
}

function classOf(line: string): string | undefined {
  const kind = diffLineOf(line);
  return kind && CLASSES[kind];
}
