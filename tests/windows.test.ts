/** What differs on Windows, as far as it is pure: the system is handed in. What only a Windows machine can show is not here. */
import { expect, test } from "bun:test";
import { self } from "../src/app.ts";
import { programEnvironment } from "../src/check-settings.ts";
import { refuseOn } from "../src/cli/demo.ts";
import { dataDir } from "../src/config.ts";

const HOME = "C:\\Users\\ada";

const PLACES: [name: string, env: Record<string, string>, platform: NodeJS.Platform, home: string, place: string][] = [
  ["LOCALAPPDATA", { LOCALAPPDATA: "D:\\data" }, "win32", HOME, "D:\\data"],
  ["the home directory without it", {}, "win32", HOME, "C:\\Users\\ada\\AppData\\Local"],
  ["XDG_DATA_HOME first", { XDG_DATA_HOME: "E:\\x", LOCALAPPDATA: "D:\\data" }, "win32", HOME, "E:\\x"],
  [
    "the library on macOS",
    { LOCALAPPDATA: "D:\\data" },
    "darwin",
    "/Users/ada",
    "/Users/ada/Library/Application Support",
  ],
  [".local/share on Linux", {}, "linux", "/home/ada", "/home/ada/.local/share"],
];

test.each(PLACES)("the database's directory: %s", (_, env, platform, home, place) => {
  expect(dataDir(env, home, platform)).toBe(place);
});

test.each(["/$bunfs/root/orchestrator", "B:/~BUN/root/orchestrator.exe", "B:\\~BUN\\root\\orchestrator.exe"])(
  "an executable whose entry is %s starts again by itself alone",
  (main) => {
    expect(self(main, "/bin/orchestrator")).toEqual(["/bin/orchestrator"]);
  },
);

test("from source it starts again by Bun and the entry file", () => {
  expect(self("/src/main.ts", "/bin/bun")).toEqual(["/bin/bun", "/src/main.ts"]);
});

test("git is found on Windows, whose PATH may be written Path", () => {
  expect(programEnvironment({ Path: "C:\\git" }, "win32")["PATH"]).toBe("C:\\git");
  expect(programEnvironment({ Path: "/odd", PATH: "/bin" }, "linux")).toMatchObject({ PATH: "/bin" });
  expect(programEnvironment({ Path: "/odd" }, "linux")).not.toHaveProperty("PATH");
});

test("the demo says that it does not run on Windows, and what to do instead", () => {
  expect(() => refuseOn("win32")).toThrow(/programs are run on POSIX systems only/);
  expect(() => refuseOn("linux")).not.toThrow();
});
