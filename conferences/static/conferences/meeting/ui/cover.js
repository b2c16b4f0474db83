/**
 * What covers the stage while there is no meeting to see: connecting, waiting for admission, and the end.
 *
 * @import {State} from "../state/reducer.js"
 */

import { gettext } from "../i18n.js";
import { element, part } from "./dom.js";
import { overText } from "./texts.js";

/** Ends that were decided about this person: no button leads straight back. */
const SHUT_OUT = new Set(["removed", "barred", "restricted", "revoked", "denied"]);

/** Ends after which another try from here makes sense. */
const AGAIN = new Set(["duplicate", "meeting_full", "tenant_full", "media_full", "meeting_frozen", "connection_lost", "media_failed", "server_restart", "pass_in_use", "meeting_ended", "left"]);

/**
 * @typedef {object} CoverActions
 * @property {() => void} again
 * @property {() => void} leave
 * @property {string} leaveUrl
 */

export class Cover {
  #actions;
  #root = part("cover", HTMLElement);
  #behind = ["bar", "body", "toolbar"].map((name) => part(name, HTMLElement));
  #shown = "";

  /** @param {CoverActions} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /** @param {State} state */
  render(state) {
    const signature = `${state.phase} ${state.waitingReason} ${state.overReason}`;
    if (signature === this.#shown) return;
    this.#shown = signature;
    this.#root.hidden = state.phase === "joined";
    for (const each of this.#behind) each.inert = !this.#root.hidden; // nobody switches on a camera behind it
    if (this.#root.hidden) return this.#root.replaceChildren();
    this.#root.replaceChildren(this.#card(state));
    this.#root.focus();
  }

  /** @param {State} state @returns {HTMLElement} */
  #card(state) {
    if (state.phase === "over") return this.#over(state.overReason);
    if (state.phase === "waiting") return this.#waiting(state.waitingReason);
    return element("div", { class: "cover-card", role: "status" }, spinner(), element("h2", {}, gettext("Joining the meeting…")));
  }

  /** @param {string} reason @returns {HTMLElement} */
  #waiting(reason) {
    const text =
      reason === "no_host"
        ? gettext("The meeting has no host yet. You will be let in when the host has come.")
        : gettext("The host has been told that you are here. Please wait to be admitted.");
    const leave = element("button", { type: "button", class: "button", "data-testid": "cover-leave" }, gettext("Leave"));
    leave.addEventListener("click", this.#actions.leave);
    const card = element("div", { class: "cover-card", role: "status", "data-testid": "waiting-notice" }, spinner());
    card.append(element("h2", {}, gettext("Please wait")), element("p", {}, text), element("div", { class: "actions" }, leave));
    return card;
  }

  /** @param {string} reason @returns {HTMLElement} */
  #over(reason) {
    const { title, text } = overText(reason);
    const actions = element("div", { class: "actions" });
    if (AGAIN.has(reason)) actions.append(this.#againButton(reason));
    if (reason === "password_required" || reason === "login_required") actions.append(joinPageLink());
    actions.append(element("a", { class: "button", href: this.#actions.leaveUrl }, gettext("Go back")));
    const card = element("div", { class: "cover-card", role: "alert" }, element("h2", {}, title));
    if (text !== "") card.append(element("p", {}, text));
    card.append(actions);
    card.dataset.testid = SHUT_OUT.has(reason) ? "removed-notice" : "over-notice";
    card.dataset.reason = reason;
    return card;
  }

  /** @param {string} reason */
  #againButton(reason) {
    const text = reason === "duplicate" ? gettext("Use it here") : gettext("Join again");
    const button = element("button", { type: "button", class: "button button--primary", "data-testid": "again-button" }, text);
    button.addEventListener("click", this.#actions.again);
    return button;
  }
}

/** The page above a user's meeting page is its join page, which asks for login and password. */
function joinPageLink() {
  return element("a", { class: "button button--primary", href: new URL("..", location.href).pathname }, gettext("Go to the join page"));
}

function spinner() {
  return element("span", { class: "spinner", "aria-hidden": "true" });
}
