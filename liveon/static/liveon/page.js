/** What every page has: menus that close, dialogs that open, text that copies, lists that filter. By data attributes; see liveon.css. */

/** @param {Event} event */
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.removeAttribute("open");
  }
}

/** @param {KeyboardEvent} event */
function closeMenuByKey(event) {
  const menu = document.querySelector("details.menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.removeAttribute("open");
  menu.querySelector("summary")?.focus();
}

/** @param {HTMLElement} button */
async function copyText(button) {
  const source = document.querySelector(button.dataset.copy ?? "");
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent?.trim() ?? "");
    button.textContent = button.dataset.copied ?? button.textContent;
  } catch {
    getSelection()?.selectAllChildren(source); // plain http has no clipboard: leave the text selected for the keyboard
  }
}

/** @param {MouseEvent} event */
function act(event) {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  if (button.dataset.copy) copyText(button);
  if ("close" in button.dataset) button.closest("dialog")?.close();
  const dialog = document.getElementById(button.dataset.dialog ?? "");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}

/** @param {Event} event */
function filterChoices({ target }) {
  if (!(target instanceof HTMLInputElement) || !target.dataset.filter) return;
  const wanted = target.value.trim().toLowerCase();
  for (const choice of document.querySelectorAll(`${target.dataset.filter} .choice`)) {
    choice.toggleAttribute("hidden", !choice.textContent?.toLowerCase().includes(wanted));
  }
}

document.addEventListener("input", filterChoices);
document.addEventListener("click", closeMenus);
document.addEventListener("click", act);
document.addEventListener("keydown", closeMenuByKey);

export {}; // a module to tsc as well: its names are its own
