/** What `init` makes of a client's JSON: nothing of others is lost, and taking ours out gives back what was there. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "jsonc-parser";
import { HOOKS } from "../src/clients/hooks.ts";
import { type Wish, withoutWishes, withWishes } from "../src/clients/json-config.ts";
import { READING_TOOLS } from "../src/clients/known.ts";
import type { Launch } from "../src/clients/launch.ts";
import { wishesFor } from "../src/clients/wishes.ts";
import { TOOLS } from "../src/mcp/tools.ts";
import { homesIn } from "./support/homes.ts";
import { configTexts, isSubsequence } from "./support/odd-configs.ts";

const launch: Launch = {
  self: ["/opt/orchestrator"],
  commands: ["test=bun test"],
  isOurs: ([program = ""]) => program.endsWith("/orchestrator"),
};

const ITEMS = READING_TOOLS.map((tool) => `mcp_orchestrator_${tool}`);

/** An entry, and items of a list in the same file. */
function wishes(changed: Partial<Launch> = {}, replace = false): Wish[] {
  const aim = { project: "/p", homes: homesIn("/h"), scope: "project", tests: null, replace, hooks: false } as const;
  const [file] = wishesFor("gemini", { ...aim, server: "/p/.gemini/settings.json", launch: { ...launch, ...changed } });
  return [...(file?.json ?? []), { kind: "items", keys: ["tools", "allowed"], items: ITEMS, isOurs: () => false }];
}

const put = (text: string, changed?: Partial<Launch>) => withWishes(text, wishes(changed)).text;
const take = (text: string, copy: string | null = null) => withoutWishes(text, wishes(), copy).text;

const ENTRY = `"orchestrator": {
      "command": "/opt/orchestrator",
      "args": ["--command", "test=bun test"]
    }`;
const ALLOWED = ITEMS.map((item) => `"${item}"`).join(", ");

describe("what is written", () => {
  const cases: [what: string, before: string, after: string][] = [
    [
      "an empty file",
      "",
      `{\n  "mcpServers": {\n    ${ENTRY}\n  },\n  "tools": {\n    "allowed": [${ALLOWED}]\n  }\n}\n`,
    ],
    [
      "a comment behind the last line",
      `{\n  "a": 1 // one\n}`,
      `{\n  "a": 1, // one\n  "mcpServers": {\n    ${ENTRY}\n  },\n  "tools": {\n    "allowed": [${ALLOWED}]\n  }\n}`,
    ],
    [
      "trailing commas stay the style",
      `{\n  "mcpServers": {\n    "x": {},\n  },\n  "tools": { "allowed": ["y",], },\n}`,
      `{\n  "mcpServers": {\n    "x": {},\n    ${ENTRY},\n  },\n  "tools": { "allowed": ["y", ${ALLOWED},], },\n}`,
    ],
    [
      "one line stays one line",
      `{"mcpServers":{"x":{}},"tools":{"allowed":[ "y" /* why */ ]}}`,
      `{"mcpServers":{"x":{}, "orchestrator": {"command": "/opt/orchestrator", "args": ["--command", "test=bun test"]}},"tools":{"allowed":[ "y", /* why */ ${ALLOWED} ]}}`,
    ],
    [
      "tabs and CRLF",
      `{\r\n\t"a": 1\r\n}\r\n`,
      `{\r\n\t"a": 1,\r\n\t"mcpServers": {\r\n\t\t"orchestrator": {\r\n\t\t\t"command": "/opt/orchestrator",\r\n\t\t\t"args": ["--command", "test=bun test"]\r\n\t\t}\r\n\t},\r\n\t"tools": {\r\n\t\t"allowed": [${ALLOWED}]\r\n\t}\r\n}\r\n`,
    ],
  ];
  test.each(cases)("%s", (_what, before, after) => {
    expect(put(before)).toBe(after);
    expect(take(after, before)).toBe(before);
  });

  test("an entry of ours is brought up to date in its place, and what else stands in it stays", () => {
    const old = `{"mcpServers": {
      "orchestrator": { // ours
        "command": "/old/orchestrator", "args": ["--db", "x.sqlite", "--command", "test=make",],
        "env": {"LOG_LEVEL": "debug"} }, "z": 1 }, "tools": {"allowed": [${ALLOWED}]}}`;
    const fresh = old
      .replace("/old/orchestrator", "/opt/orchestrator")
      .replace(`["--db", "x.sqlite", "--command", "test=make",]`, `["--db", "x.sqlite", "--command", "test=bun test"]`);
    expect(put(old)).toBe(fresh);
    expect(put(old, { commands: [] })).toBe(old.replace("/old/orchestrator", "/opt/orchestrator"));
  });

  test("another server of the name is left alone unless it is to be replaced", () => {
    const other = `{"mcpServers": {"orchestrator": {"url": "http://x"}, "y": 2}}`;
    expect(() => put(other)).toThrow("another server of the name orchestrator");
    expect(parse(withWishes(other, wishes({}, true)).text).mcpServers).toEqual({
      orchestrator: { command: "/opt/orchestrator", args: ["--command", "test=bun test"] },
      y: 2,
    });
    expect(parse(take(other)).mcpServers).toEqual({ orchestrator: { url: "http://x" }, y: 2 });
  });

  const broken: [string, string][] = [
    ["{", "is no JSON"],
    ["{'a': 1}", "is no JSON"],
    ["{} {}", "is no JSON"],
    ["[]", "holds no object"],
    [`"text"`, "holds no object"],
    [`{"mcpServers": []}`, "holds no object"],
    [`{"mcpServers": null}`, "holds no object"],
    [`{"mcpServers": {}, "mcpServers": {}}`, "twice"],
    [`{"tools": {"allowed": "all"}}`, "holds no list"],
  ];
  test.each(broken)("%s is left alone", (text, why) => {
    expect(() => put(text)).toThrow(why);
  });

  test("what is shown are our own lines", () => {
    const { shown } = withWishes(`{\n  "secret": "abc",\n  "tools": { "allowed": ["y"] }\n}`, wishes());
    expect(shown.join("\n")).not.toMatch(/secret|abc|"y"/);
    expect(shown).toContain(`+     ${ENTRY.split("\n")[0]}`);
  });
});

describe("for any file", () => {
  test("init keeps every byte of others, and twice changes nothing", () => {
    fc.assert(
      fc.property(configTexts(), ({ text }) => {
        const fresh = put(text);
        expect(put(fresh)).toBe(fresh);
        expect(isSubsequence(text, fresh)).toBe(true);
        expect(withoutOurs(fresh)).toEqual(withoutOurs(text));
        expect(parse(fresh).mcpServers.orchestrator.command).toBe("/opt/orchestrator");
      }),
      { numRuns: 500 },
    );
  });

  test("init and remove give back the bytes that were there", () => {
    fc.assert(
      fc.property(configTexts(), ({ text, hasBare }) => {
        const fresh = put(text);
        expect(take(fresh, text)).toBe(text);
        const blind = take(fresh); // somebody deleted the copy
        if (hasBare) expect(withoutOurs(blind)).toEqual(withoutOurs(text));
        else expect(blind).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("what was changed since stays changed, with and without the copy", () => {
    fc.assert(
      fc.property(configTexts(), ({ text }) => {
        const [sign, later] = ['"orchestrator":', '"later": {"x": [1]}, "orchestrator":'];
        const back = (copy: string | null) => parse(take(put(text).replace(sign, later), copy)).mcpServers.later;
        expect([back(null), back(text)]).toEqual([{ x: [1] }, { x: [1] }]);
      }),
    );
  });
});

/** The value without what init may have put in, and without what is empty then. */
function withoutOurs(text: string): unknown {
  const value = parse(text, [], { allowTrailingComma: true }) ?? {};
  delete value.mcpServers?.orchestrator;
  const ours = new Set(ITEMS);
  if (value.tools?.allowed)
    value.tools.allowed = value.tools.allowed.filter((each: unknown) => !ours.has(String(each)));
  if (value.tools?.allowed?.length === 0) delete value.tools.allowed;
  for (const key of ["mcpServers", "tools"]) if (value[key] && Object.keys(value[key]).length === 0) delete value[key];
  return value;
}

test("the tools that are allowed unasked are those that only read", () => {
  const reading = TOOLS.filter(({ annotations }) => annotations.readOnlyHint).map(({ name }) => name);
  expect(READING_TOOLS.toSorted()).toEqual(reading.toSorted());
});

test("hooks, once they are on, are put in beside those of others, brought up to date, and taken out", () => {
  for (const client of ["claude", "codex", "gemini", "copilot"] as const) {
    const scope = HOOKS[client]?.user ? "user" : "project";
    const aim = { project: "/p", homes: homesIn("/h"), scope, tests: null, replace: false, hooks: true } as const;
    const at = (self: string) => {
      const all = wishesFor(client, { ...aim, server: "/h/server", launch: { ...launch, self: [self] } });
      return all.flatMap(({ json }) => json.filter(({ keys }) => keys[0] === "hooks"));
    };
    const name = HOOKS[client]?.moments.at(-1)?.[0] ?? "";
    const before = JSON.stringify({ hooks: { [name]: [{ hooks: [{ type: "command", command: "bell" }] }] } }, null, 2);
    const old = withWishes(before, at("/old/orchestrator")).text;
    const fresh = withWishes(old, at("/opt/orchestrator")).text;
    expect(fresh).not.toContain("/old/");
    expect(fresh.match(/\/opt\/orchestrator hook [a-z-]+ --client/g)).toHaveLength(HOOKS[client]?.moments.length ?? 0);
    expect(withoutWishes(fresh, at("/opt/orchestrator"), null).text).toBe(before);
    expect(withoutWishes(fresh, at("/opt/orchestrator"), old).text).not.toContain("orchestrator");
  }
});
