/* Times in the reader's own zone (the server writes UTC), and ages that keep counting. */

const formats = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { day: "numeric", month: "short", year: "numeric" },
};
const formatters = Object.fromEntries(
  Object.entries(formats).map(([name, options]) => [name, new Intl.DateTimeFormat("en-GB", options)]),
);
const units = [[86400, "days"], [3600, "h"], [60, "min"]];

// Ages are counted on the server's clock: the reader's own may be wrong.
let ahead = 0;

function age(seconds) {
  for (const [size, name] of units) {
    if (seconds >= size) {
      const count = Math.floor(seconds / size);
      return `${count}\u00a0${name === "days" && count === 1 ? "day" : name}`;
    }
  }
  return `${Math.max(Math.floor(seconds), 0)}\u00a0s`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-show]")) {
    const format = formatters[element.dataset.show];
    if (format) write(element, format.format(new Date(element.dateTime)));
  }
  for (const element of root.querySelectorAll("text[data-at]")) {
    const format = element.dataset.seconds ? formatters.clock : formatters.minute;
    write(element, format.format(new Date(element.dataset.at)));
  }
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
    .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
  for (const element of root.querySelectorAll("[data-zone]")) write(element, zone);
}

function countAges() {
  const now = Date.now() + ahead;
  for (const element of document.querySelectorAll("time[data-ago]")) {
    write(element, age((now - Date.parse(element.dateTime)) / 1000) + element.dataset.ago);
  }
}

export function startTimes() {
  const said = document.body.dataset.now;
  if (said) ahead = Date.parse(said) - Date.now();
  showTimes();
  document.addEventListener("htmx:afterSwap", () => showTimes());
  document.addEventListener("htmx:oobAfterSwap", () => showTimes());
  setInterval(() => { if (!document.hidden) countAges(); }, 1000);
}
