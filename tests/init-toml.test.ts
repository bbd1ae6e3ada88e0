/** What `init` makes of Codex's TOML: our own table, and no byte of anything else. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Launch } from "../src/clients/launch.ts";
import { type TomlWish, withoutTable, withTable } from "../src/clients/toml-config.ts";
import { statementsOf } from "../src/clients/toml-text.ts";
import { wishesFor } from "../src/clients/wishes.ts";
import { homesIn } from "./support/homes.ts";

const launch: Launch = {
  self: ["/opt/orchestrator"],
  commands: [`test=sh -c "a 'b' \\\\ c"`],
  isOurs: ([program = ""]) => program.endsWith("/orchestrator"),
};

function wish(changed: Partial<Launch> = {}, replace = false): TomlWish {
  const aim = { project: "/p", homes: homesIn("/h"), scope: "user", tests: null, replace, hooks: false } as const;
  const [file] = wishesFor("codex", { ...aim, server: "/h/.codex/config.toml", launch: { ...launch, ...changed } });
  if (!file?.toml) throw new Error("Codex has a table");
  return file.toml;
}

const put = (text: string, changed?: Partial<Launch>) => withTable(text, wish(changed)).text;
const take = (text: string, copy: string | null = null) => withoutTable(text, wish(), copy).text;
const ARGS = '["--command", "test=sh -c \\"a \'b\' \\\\\\\\ c\\""]';
const TABLE = `[mcp_servers.orchestrator]\ncommand = "/opt/orchestrator"\nargs = ${ARGS}`;

describe("what is written", () => {
  const cases: [what: string, before: string, after: string][] = [
    ["an empty file", "", `${TABLE}\n`],
    ["after what is there", `model = "x"\n`, `model = "x"\n\n${TABLE}\n`],
    ["a file without a last line end", `model = "x"`, `model = "x"\n\n${TABLE}`],
    ["CRLF", `a = 1\r\n`, `a = 1\r\n\r\n${TABLE.replaceAll("\n", "\r\n")}\r\n`],
    [
      "servers of others, as tables and as dotted keys",
      `[mcp_servers]\ndocs.command = "d"\n[mcp_servers."orchestrator.x"]\ncommand = "o"\n`,
      `[mcp_servers]\ndocs.command = "d"\n[mcp_servers."orchestrator.x"]\ncommand = "o"\n\n${TABLE}\n`,
    ],
  ];
  test.each(cases)("%s", (_what, before, after) => {
    expect(put(before)).toBe(after);
    expect(put(after)).toBe(after);
    expect(Bun.TOML.parse(after)).toMatchObject({ mcp_servers: { orchestrator: { command: "/opt/orchestrator" } } });
    expect([take(after), take(after, before)]).toEqual([before, before]);
  });

  test("a table of ours is brought up to date in its place, and what else stands in it stays", () => {
    const old = `# mine\n[mcp_servers.orchestrator] # here\ncommand = '/old/orchestrator' # moved\nargs = [ # two\n  "--db",\n  'x y',\n]\nstartup_timeout_sec = 20\n# [mcp_servers.old]\n\n[mcp_servers.orchestrator.env]\nLOG_LEVEL = "debug"\n\n[tui]\nx = 1\n`;
    const withProgram = old.replace("'/old/orchestrator'", '"/opt/orchestrator"');
    expect(put(old, { commands: [] })).toBe(withProgram);
    expect(put(old, { commands: ["a=b"] })).toBe(
      withProgram.replace(/\[ # two[^\]]*\]/, `["--db", "x y", "--command", "a=b"]`),
    );
    expect(
      put(`[mcp_servers.orchestrator]\ncommand = "/opt/orchestrator"\nenabled = true\n`, { commands: ["a=b"] }),
    ).toBe(`[mcp_servers.orchestrator]\ncommand = "/opt/orchestrator"\nargs = ["--command", "a=b"]\nenabled = true\n`);
    expect(take(old)).toBe("# mine\n# [mcp_servers.old]\n\n[tui]\nx = 1\n");
  });

  test("another server of the name is left alone unless it is to be replaced", () => {
    for (const other of ['command = "npx"\nargs = ["x"]', 'url = "http://x"', "command = [1]"]) {
      const text = `a = 1\n\n[mcp_servers.orchestrator]\n${other}\n\n[tui]\nb = 2\n`;
      expect(() => put(text)).toThrow("another server of the name orchestrator");
      expect(take(text)).toBe(text);
      const replaced = withTable(text, wish({}, true)).text;
      const parsed = Bun.TOML.parse(replaced);
      expect(parsed).toMatchObject({
        a: 1,
        tui: { b: 2 },
        mcp_servers: { orchestrator: { command: "/opt/orchestrator" } },
      });
      expect(take(replaced, text)).toBe(text);
    }
  });

  const leftAlone: [text: string, why: string][] = [
    [`mcp_servers.orchestrator.command = "x"`, "line 1 in a form"],
    [`a = 1\n[mcp_servers]\norchestrator = { command = "x" }`, "line 3 in a form"],
    [`[mcp_servers]\norchestrator.command = "x"`, "line 2 in a form"],
    [`mcp_servers = { docs = {} }`, "takes no table"],
    [`[[mcp_servers]]\na = 1`, "takes no table"],
    [`[mcp_servers.orchestrator.env]\nA = "b"`, "line 1 in a form"],
    [`[mcp_servers.orchestrator]\n[mcp_servers.orchestrator]`, "in a form"],
    [`a =\nb = 1`, "no TOML: something is wrong at line 1"],
    [`a = "x\nb = 1`, "no TOML"],
    [`a = [1, 2\nb = 3`, "no TOML"],
    [`[a\nb = 1`, "no TOML"],
    [`a = 1 b = 2`, "no TOML"],
    [`{"a": 1}`, "no TOML"],
    [`a = ${"[".repeat(9_999)}`, "no TOML"],
  ];
  test.each(leftAlone)("the text of case %# is left alone", (text, why) => {
    expect(() => put(text)).toThrow(why);
  });
});

describe("for any file", () => {
  const key = fc.constantFrom("model", "a-b", '"x.y"', "'z w'", "mcp_servers_old", "sub.key");
  const value = fc.constantFrom(
    '"text"',
    "'c:\\path'",
    `"""\n[mcp_servers.orchestrator]\ncommand = "no"\n"""`,
    "'''\n# no comment'''",
    "1_000",
    "-0.5e3",
    "1979-05-27T07:32:00Z",
    "1979-05-27 07:32:00",
    "true",
    "[ 1, # one\n  [2, 3],\n]",
    '{ a = 1, "b c" = { d = [] } }',
    '"\\u00fc \\" #"',
  );
  const line = fc.oneof(
    fc
      .tuple(key, value, fc.constantFrom("", " # note"))
      .map(([name, given, note]) => ({ line: `${name} = ${given}${note}`, name })),
    fc.constantFrom("", "# comment", "   ").map((text) => ({ line: text, name: "" })),
  );
  const block = fc.uniqueArray(line, {
    selector: ({ name, line: text }) => name || `${text}${Math.random()}`,
    maxLength: 4,
  });
  const header = fc.constantFrom(
    "[tui]",
    "[ mcp_servers . docs ] # d",
    '[projects."/home/a"]',
    "[mcp_servers.other.env]",
    "[[skills]]",
  );
  const files = fc
    .record({
      root: block,
      tables: fc.uniqueArray(fc.tuple(header, block), { selector: ([name]) => name, maxLength: 4 }),
      crlf: fc.boolean(),
      end: fc.constantFrom("", "\n", "\n\n"),
    })
    .map(({ root, tables, crlf, end }) => {
      const all = [
        ...root.map((each) => each.line),
        ...tables.flatMap(([name, own]) => [name, ...own.map((each) => each.line)]),
      ];
      const text = all.join("\n") + end;
      return crlf ? text.replaceAll("\n", "\r\n") : text;
    });

  test("init only appends, twice changes nothing, and remove gives back the bytes that were there", () => {
    fc.assert(
      fc.property(files, (text) => {
        const fresh = put(text);
        expect(fresh.startsWith(text)).toBe(true);
        expect(put(fresh)).toBe(fresh);
        expect([take(fresh), take(fresh, text)]).toEqual([text, text]);
        const later = `${fresh}\n[later]\nx = 1\n`;
        expect(take(later)).toContain("[later]\nx = 1\n");
        expect(statementsOf(take(later))).toHaveLength(statementsOf(text).length + 2);
      }),
      { numRuns: 500 },
    );
  });
});
