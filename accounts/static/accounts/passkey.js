/**
 * Passkeys: a form with data-passkey ("get" or "create") asks its address for the question, the browser for the answer,
 * and sends the answer as `credential`, with the question's `state`. Without support the form stays hidden.
 */

/** @param {string} text */
function toBytes(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer | null} bytes */
function toText(bytes) {
  if (!bytes) return null;
  const letters = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {any} known */
function withBytes(known) {
  return { ...known, id: toBytes(known.id) };
}

/**
 * @param {string} kind
 * @param {any} options as the server wrote them, with base64url text for bytes
 */
async function ask(kind, options) {
  const asked = { ...options, challenge: toBytes(options.challenge) };
  if (kind === "create") {
    asked.user = withBytes(options.user);
    asked.excludeCredentials = (options.excludeCredentials ?? []).map(withBytes);
    return navigator.credentials.create({ publicKey: asked });
  }
  asked.allowCredentials = (options.allowCredentials ?? []).map(withBytes);
  return navigator.credentials.get({ publicKey: asked });
}

/** @param {PublicKeyCredential} credential */
function asData(credential) {
  const answer = /** @type {any} */ (credential.response);
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const response = Object.fromEntries(parts.filter((part) => answer[part]).map((part) => [part, toText(answer[part])]));
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...response, transports: answer.getTransports?.() ?? [] },
  };
}

/** @param {HTMLFormElement} form */
async function fetchQuestion(form) {
  const body = new FormData(form);
  for (const name of ["credential", "state", "name"]) body.delete(name);
  body.set("begin", "1");
  const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

/** @param {SubmitEvent} event */
async function prove(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const failure = form.querySelector("[data-passkey-failure]");
  failure?.setAttribute("hidden", "");
  try {
    const question = await fetchQuestion(form);
    const credential = await ask(form.dataset.passkey ?? "get", question.publicKey);
    /** @type {HTMLInputElement} */ (form.elements.namedItem("state")).value = question.state;
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
    field.value = JSON.stringify(asData(/** @type {PublicKeyCredential} */ (credential)));
    form.submit();
  } catch {
    failure?.removeAttribute("hidden"); // cancelled, timed out, no passkey here, or nobody is signed in any more
  }
}

const isSupported = Boolean(window.isSecureContext && window.PublicKeyCredential);
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.toggleAttribute("hidden", !isSupported);
  form.addEventListener("submit", (event) => prove(/** @type {SubmitEvent} */ (event)));
}
for (const notice of document.querySelectorAll("[data-passkey-missing]")) notice.toggleAttribute("hidden", isSupported);

export {}; // a module to tsc as well: its names are its own
