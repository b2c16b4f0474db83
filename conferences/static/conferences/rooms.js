/** The room list keeps up with who is in: every 15 s it takes the live parts of a fresh copy of the page. */

const PERIOD_MS = 15_000;

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) replace(part, fresh.getElementById(part.id));
}

/** @param {Element} part @param {Element | null} newer */
function replace(part, newer) {
  if (newer && newer.innerHTML !== part.innerHTML) part.replaceChildren(...newer.childNodes);
}

setInterval(() => refresh().catch(() => undefined), PERIOD_MS); // offline or signed out: the next try may succeed

export {}; // a module to tsc as well: its names are its own
