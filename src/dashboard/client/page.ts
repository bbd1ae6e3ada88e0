/** The script of all pages. They can be read without it; it does what a person asks, and shows what changes meanwhile. */
import { offerCopies } from "./copy.ts";
import { offerDialogs } from "./dialogs.ts";
import { showWhereItStands } from "./drawings.ts";
import { follow } from "./follow.ts";
import { loadWhenOpened, openTargets } from "./lazy.ts";
import { loadOlder } from "./older.ts";
import { applyTheme, offerThemes } from "./theme.ts";
import { keepTimes } from "./times.ts";

applyTheme();
// From here on what needs a script is shown.
document.documentElement.classList.add("js");
addEventListener("DOMContentLoaded", () => {
  offerThemes();
  offerDialogs();
  offerCopies();
  loadWhenOpened();
  openTargets();
  loadOlder();
  keepTimes();
  showWhereItStands();
  follow();
});
