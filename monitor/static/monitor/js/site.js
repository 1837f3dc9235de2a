/* What every page does: each part is a small module that does nothing where its elements are missing. */
import { startCopying } from "./copy.js";
import { startKeys } from "./keys.js";
import { startPolling } from "./poll.js";
import { startPrinting } from "./print.js";
import { startTheme } from "./theme.js";
import { startTimes } from "./times.js";

startTimes();
startTheme();
startCopying();
startKeys();
startPolling();
startPrinting();

// Menus close when one clicks elsewhere or presses Escape, as people expect of menus.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
