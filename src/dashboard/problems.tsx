/** What is wrong, or odd, in definitions: where, the line itself, and the way out. */
import type { Problem } from "../workflow.ts";
import { Mono, Text } from "./text.tsx";

export function Problems({ problems, bad }: { problems: readonly Problem[]; bad: boolean }) {
  return (
    <ul class="section plain">
      {problems.map(({ code, file, line, message, hint, source }) => (
        <li class={bad ? "notice bad" : "notice asks"}>
          <p>
            <b>
              <Mono of={`${file}:${line}`} />
            </b>{" "}
            <Text of={message} /> <span class="muted small">{code}</span>
          </p>
          {source !== undefined && (
            <p class="source">
              <Mono of={source} />
            </p>
          )}
          <p>
            <Text of={hint} />
          </p>
        </li>
      ))}
    </ul>
  );
}
