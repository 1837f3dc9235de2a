/* Print buttons: hidden without JavaScript, where the browser's own menu prints. */

export function startPrinting() {
  for (const button of document.querySelectorAll("[data-prints]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}
