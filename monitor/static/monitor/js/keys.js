/* Keys for people without a hand for the mouse; `?` lists them. Never while somebody types. */

const places = { o: "overview", i: "incidents", r: "runs", m: "metrics" };
let going = 0;

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

/* Rows that j and k walk through: the first link of each is what takes the focus. */
function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) {
    document.querySelector(step > 0 ? "[data-next]" : "[data-previous]")?.click();
    return;
  }
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  next.querySelector("a")?.focus();
  next.scrollIntoView({ block: "nearest" });
}

function acknowledge() {
  const row = document.activeElement.closest("[data-row]");
  (row ?? document).querySelector("[data-acknowledge]")?.click();
}

function search(event) {
  event.preventDefault();
  const box = document.getElementById("q");
  if (box) {
    box.focus();
    box.select();
  } else {
    document.getElementById("bar-search")?.click();
  }
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) return;
  const dialog = document.getElementById("help");
  if (event.key === "?") return dialog?.showModal();
  if (dialog?.open) return undefined;
  if (going && performance.now() - going < 1500 && places[event.key]) {
    going = 0;
    document.querySelector(`.app-side a[data-place="${places[event.key]}"]`)?.click();
    return undefined;
  }
  going = event.key === "g" ? performance.now() : 0;
  if (event.key === "j") return move(1);
  if (event.key === "k") return move(-1);
  if (event.key === "a") return acknowledge();
  if (event.key === "/") return search(event);
  return undefined;
}

export function startKeys() {
  document.addEventListener("keydown", pressed);
  if (location.hash === "#q") document.getElementById("q")?.focus();
  for (const opener of document.querySelectorAll("[data-opens]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => {
      opener.closest("details")?.removeAttribute("open");
      document.getElementById(opener.dataset.opens)?.showModal();
    });
  }
}
