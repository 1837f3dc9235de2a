/* Copy buttons: `data-copies` names the element whose text is copied. They are hidden without JavaScript. */

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  const before = button.innerHTML;
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.innerHTML = before; }, 2000);
}

function show(root) {
  for (const button of root.querySelectorAll("[data-copies][hidden]")) button.hidden = false;
}

export function startCopying() {
  show(document);
  document.addEventListener("htmx:afterSwap", () => show(document));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (button) copy(button);
  });
}
