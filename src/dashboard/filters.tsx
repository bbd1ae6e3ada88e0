/** Which runs are listed: a plain form, so that what was chosen stands in the address. */
import { basename } from "node:path";
import { Status } from "../instance.ts";
import type { Facets } from "../overview.ts";
import { oneLine } from "../words.ts";
import type { RunsQuery } from "./queries.ts";

export function Filters({ query, facets }: { query: RunsQuery; facets: Facets }) {
  const { status, workflow, project, live, text } = query;
  const isFiltered = [status, workflow, project, live, text].some((wish) => wish !== undefined);
  return (
    <search>
      <form class="filters" method="get" action="/">
        <label>
          <span>Search</span>
          <input type="search" name="text" value={text} maxlength={200} placeholder="Id, step, context…" />
        </label>
        <label>
          <span>Status</span>
          <select name="status">
            <Choice value="" chosen={status ?? ""} word="any" />
            {Status.options.map((each) => (
              <Choice value={each} chosen={status} word={each.toLowerCase()} />
            ))}
          </select>
        </label>
        <Names label="Workflow" name="workflow" names={facets.workflows} chosen={workflow} />
        <Names label="Project" name="project" names={facets.projects} chosen={project} wordOf={directoryWord} />
        <label class="check">
          <input type="checkbox" name="live" value="1" checked={live === true} />
          <span>Not ended</span>
        </label>
        <div class="actions">
          <button type="submit">Filter</button>
          {isFiltered && (
            <a class="button quiet" href="/">
              Clear
            </a>
          )}
        </div>
      </form>
    </search>
  );
}

interface NamesProps {
  label: string;
  name: string;
  names: string[];
  chosen: string | undefined;
  /** The word for one of them; absent: the name itself. */
  wordOf?: (name: string, names: string[]) => string;
}

/** One that was chosen by the address stays chosen, though there may be no run of it. */
function Names({ label, name, names, chosen, wordOf = (each) => each }: NamesProps) {
  const all = chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
  return (
    <label>
      <span>{label}</span>
      <select name={name}>
        <Choice value="" chosen={chosen ?? ""} word="any" />
        {all.map((each) => (
          <Choice value={each} chosen={chosen} word={wordOf(each, names)} />
        ))}
      </select>
    </label>
  );
}

/** Longest word of a choice, in characters. */
const MOST = 80;

function Choice({ value, chosen, word }: { value: string; chosen: string | undefined; word: string }) {
  return (
    <option value={value} selected={value === chosen}>
      {oneLine(word, MOST)}
    </option>
  );
}

/** The directory's own name; the whole path if two have the same. */
function directoryWord(path: string, paths: string[]): string {
  const name = basename(path);
  return name !== "" && paths.filter((each) => basename(each) === name).length < 2 ? name : path;
}
