/** The script of all pages. They can be read without it; it does what a person asks, and shows what changes meanwhile. */
import { applyTheme, offerThemes } from "./theme.ts";

applyTheme();
// From here on what needs a script is shown.
document.documentElement.classList.add("js");
addEventListener("DOMContentLoaded", () => {
  offerThemes();
});
