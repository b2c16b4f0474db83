/** Buttons with data-print print the page. Shown only where there is somebody to press them: without JS they do nothing. */

for (const button of document.querySelectorAll("button[data-print]")) {
  button.removeAttribute("hidden");
  button.addEventListener("click", () => window.print());
}

export {}; // a module to tsc as well: its names are its own
