/**
 * The live pages: asks htmx for a fresh list as often as was chosen, while the page is seen. The choice is remembered in this browser.
 * What was loaded anew is told by `liveon:fresh` on the list.
 */

const REMEMBERED = "liveon.refresh";

/** @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is missing`);
  return found;
}

const list = element("live", HTMLElement);
const stale = element("stale", HTMLElement);
const choice = element("refresh-choice", HTMLElement);
const interval = element("refresh-interval", HTMLSelectElement);
/** @type {number | undefined} */
let timer;

function askForFreshList() {
  if (interval.value !== "0" && !document.hidden) list.dispatchEvent(new Event("refresh"));
}

function start() {
  clearInterval(timer);
  timer = interval.value === "0" ? undefined : setInterval(askForFreshList, Number(interval.value) * 1000);
}

function choose() {
  localStorage.setItem(REMEMBERED, interval.value);
  start();
  askForFreshList();
}

/** The address of this page is a secret: htmx must not repeat it in a header. @param {Event} event */
function keepAddressOut(event) {
  if (event instanceof CustomEvent) delete event.detail.headers["HX-Current-URL"];
}

const remembered = localStorage.getItem(REMEMBERED);
if ([...interval.options].some(({ value }) => value === remembered)) interval.value = String(remembered);
choice.hidden = false;
start();
interval.addEventListener("change", choose);
document.addEventListener("visibilitychange", askForFreshList);
document.body.addEventListener("htmx:configRequest", keepAddressOut);
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => (stale.hidden = false));
}
document.body.addEventListener("htmx:afterSwap", () => {
  stale.hidden = true;
  list.dispatchEvent(new Event("liveon:fresh"));
});
