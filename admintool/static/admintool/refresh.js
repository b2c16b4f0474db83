/** The live page: asks htmx for a fresh list every 5 seconds while the switch is on and the page is seen. */

const INTERVAL = 5000; // ms

/** @template {HTMLElement} T @param {string} id @param {{new (): T}} type @returns {T} */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is missing`);
  return found;
}

const list = element("live", HTMLElement);
const stale = element("stale", HTMLElement);
const choice = element("refresh-choice", HTMLElement);
const refresh = element("refresh-switch", HTMLInputElement);

function askForFreshList() {
  if (refresh.checked && !document.hidden) list.dispatchEvent(new Event("refresh"));
}

/** The address of this page is a secret: htmx must not repeat it in a header. @param {Event} event */
function keepAddressOut(event) {
  if (event instanceof CustomEvent) delete event.detail.headers["HX-Current-URL"];
}

choice.hidden = false;
setInterval(askForFreshList, INTERVAL);
refresh.addEventListener("change", askForFreshList);
document.addEventListener("visibilitychange", askForFreshList);
document.body.addEventListener("htmx:configRequest", keepAddressOut);
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => (stale.hidden = false));
}
document.body.addEventListener("htmx:afterSwap", () => (stale.hidden = true));
