/** Windows that look at one page share what is rendered, and none is shown anything older than it was told of. */
import { expect, test } from "bun:test";
import { createMoments } from "../src/dashboard/moments.ts";
import { createSharedPages } from "../src/dashboard/shared-pages.ts";

/** A state that commits change, and pages that show how many there were. */
function world() {
  let commits = 0;
  let renders = 0;
  const moments = createMoments({ revision: async () => String(commits) }, { apartMs: 0 });
  const shared = createSharedPages(moments);
  const page = (since: number | null, address = "/") =>
    shared.page(address, since, async () => {
      renders++;
      return String(commits);
    });
  return { moments, page, commit: () => void commits++, renders: () => renders };
}

test("ten windows that are told of a change have the page rendered once", async () => {
  const { moments, page, commit, renders } = world();
  await moments.look();
  expect(await page(null)).toBe("0");
  commit();
  const moment = await moments.look();
  const seen = await Promise.all(Array.from({ length: 10 }, () => page(moment)));
  expect([new Set(seen), renders()]).toEqual([new Set(["1"]), 2]);
});

test("a page that was rendered before the change was noticed is not given to who was told of it", async () => {
  const { moments, page, commit } = world();
  const before = await moments.look();
  await page(null);
  commit();
  expect(await page(before)).toBe("0"); // as new as what that window was told of
  expect(await page(await moments.look())).toBe("1");
  commit();
  expect(await page(null)).toBe("2");
});

test("a look that was asked for while another was under way sees what was committed meanwhile", async () => {
  const { moments, commit } = world();
  await moments.look();
  const first = moments.look();
  commit();
  const second = moments.look();
  expect(Math.max(await first, await second)).toBe(2);
  expect(await moments.look()).toBe(2);
});

test("each address has a page of its own, a page that failed is not kept, and only so many are", async () => {
  const { moments, page, renders } = world();
  const now = await moments.look();
  await page(now, "/runs/a");
  await page(now, "/runs/b");
  expect(renders()).toBe(2);
  const shared = createSharedPages(moments);
  const fails = () => Promise.reject(new Error("no"));
  await expect(shared.page("/", now, fails)).rejects.toThrow("no");
  expect(await shared.page("/", now, async () => "yes")).toBe("yes");
  for (let each = 0; each < 30; each++) await page(now, `/runs/${each}`);
  await page(now, "/runs/a");
  expect(renders()).toBe(33);
});
