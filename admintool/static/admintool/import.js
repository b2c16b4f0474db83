/** The progress of an import: htmx asks for it; the address of this page is a secret that it must not repeat in a header. */

document.body.addEventListener("htmx:configRequest", (event) => {
  if (event instanceof CustomEvent) delete event.detail.headers["HX-Current-URL"];
});
