/* Light, dark, or as the system says. A cookie keeps it, so that the server writes the right page at once. */

const order = ["", "light", "dark"];
const words = { "": "follows the system", light: "light", dark: "dark" };

export function startTheme() {
  const button = document.getElementById("theme");
  if (!button) return;
  const root = document.documentElement;
  const say = () => {
    const text = `Theme: ${words[root.dataset.theme ?? ""]}`;
    button.querySelector(".sr").textContent = text;
    button.title = text;
  };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme ?? "") + 1) % order.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    const age = next ? 31536000 : 0;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${next}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
    say();
  });
}
