/* Elements with data-poll-seconds ask again (htmx's `refresh` trigger) while the page is looked at.
   One waits while somebody is busy inside it: a swap must not take a menu, a selection or a text away. */

const due = new Map();

function busy(element) {
  if (element.querySelector("details.menu[open], dialog[open]")) return true;
  const active = document.activeElement;
  if (element.contains(active) && active.matches("input, textarea, select")) return true;
  const selection = getSelection();
  return selection && !selection.isCollapsed && element.contains(selection.anchorNode);
}

function tick() {
  if (document.hidden) return;
  const now = performance.now();
  for (const element of document.querySelectorAll("[data-poll-seconds]")) {
    const key = element.id;
    if (!due.has(key)) due.set(key, now + element.dataset.pollSeconds * 1000);
    if (now < due.get(key) || busy(element)) continue;
    due.set(key, now + element.dataset.pollSeconds * 1000);
    window.htmx?.trigger(element, "refresh");
  }
}

/* A swap brings new elements: what was unfolded and what was focused stays so. */
function keepPlace() {
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.shouldSwap) return;
    unfolded = [...event.detail.target.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, open] of unfolded) {
      const details = document.getElementById(id);
      if (details) details.open = open;
    }
    unfolded = [];
  });
}

export function startPolling() {
  keepPlace();
  setInterval(tick, 250);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    due.clear();
    for (const element of document.querySelectorAll("[data-poll-seconds]")) due.set(element.id, 0);
    tick();
  });
}
