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
  await moments.look();
  const moment = moments.last();
  const seen = await Promise.all(Array.from({ length: 10 }, () => page(moment)));
  expect([new Set(seen), renders()]).toEqual([new Set(["1"]), 2]);
});

test("a page that was rendered before the change was noticed is not given to who was told of it", async () => {
  const { moments, page, commit } = world();
  await moments.look();
  const before = moments.last();
  await page(null);
  commit();
  expect(await page(before)).toBe("0"); // as new as what that window was told of
  await moments.look();
  expect(await page(moments.last())).toBe("1");
  commit();
  expect(await page(null)).toBe("2");
});

test("what was read after a look is told of as a moment of its own", async () => {
  const { moments, page, commit } = world();
  await moments.look();
  commit();
  await moments.look();
  await page(null);
  commit(); // it is read by who looks at the state, and not noticed yet
  expect(await page(moments.mark())).toBe("2");
});

test("a look that was asked for while another was under way sees what was committed meanwhile", async () => {
  const { moments, commit } = world();
  await moments.look();
  const first = moments.look();
  commit();
  const second = moments.look();
  expect(Math.max(await first, await second)).toBe(1);
  expect(await moments.look()).toBe(1);
});

test("a change a moment after another one is noticed by a later look, not lost", async () => {
  let commits = 0;
  const moments = createMoments({ revision: async () => String(commits) }, { apartMs: 50 });
  await moments.look();
  commits++;
  expect(await moments.look()).toBe(1);
  commits++;
  for (let tries = 0; tries < 100 && (await moments.look()) < 2; tries++) await Bun.sleep(5);
  expect(await moments.look()).toBe(2);
});

test("each address has a page of its own, a page that failed is not kept, and only so many are", async () => {
  const { moments, page, renders } = world();
  await moments.look();
  const now = moments.last();
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
