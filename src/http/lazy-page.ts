/** A page whose code is loaded when somebody first asks for it: until then a server pays neither time nor memory for it. */
import type { Page } from "../page.ts";

export function createLazyPage(load: () => Promise<Page>): Page {
  let loading: Promise<Page> | null = null;
  let isEnded = false;
  async function page(): Promise<Page> {
    loading ??= load();
    const loaded = await loading;
    if (isEnded) loaded.end();
    return loaded;
  }
  return {
    asset: async (path) => (await page()).asset(path),
    door: async (door) => (await page()).door(door),
    fetch: async (request, visitor) => (await page()).fetch(request, visitor),
    end() {
      isEnded = true;
      void loading?.then((loaded) => loaded.end());
    },
  };
}
