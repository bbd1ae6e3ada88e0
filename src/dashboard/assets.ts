/** The style sheet and the script of the page: their names hold their digest, so that a browser may keep them for good. */
import { GRAPH_CSS } from "../graph/colours.ts";
import { clientScript } from "./client-script.macro.ts" with { type: "macro" };
import style from "./page.css" with { type: "text" };

interface Asset {
  text: string;
  type: string;
}

/** A stranger may read them: they say nothing of any run. */
const KEPT = "public, max-age=31536000, immutable";

const STYLE: Asset = { text: GRAPH_CSS + style, type: "text/css; charset=utf-8" };
const SCRIPT: Asset = { text: clientScript(), type: "text/javascript; charset=utf-8" };

/** The paths under which a page names them. */
export const ASSETS = { style: pathOf("page.css", STYLE), script: pathOf("page.js", SCRIPT) };

const BY_PATH = new Map([
  [ASSETS.style, STYLE],
  [ASSETS.script, SCRIPT],
]);

/** What lies under the path; null if nothing does. */
export function assetAt(path: string): Response | null {
  const found = BY_PATH.get(path);
  return found ? new Response(found.text, { headers: { "Content-Type": found.type, "Cache-Control": KEPT } }) : null;
}

function pathOf(name: string, { text }: Asset): string {
  return `/assets/${new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16)}/${name}`;
}
