/**
 * The side panel: one of chat and participants, or none. The focus goes in with it and back when it closes.
 *
 * @import {Panel, State} from "../state/reducer.js"
 */

import { part } from "./dom.js";

export class Panels {
  /** @type {Record<"chat" | "people", HTMLElement>} */
  #panels = { chat: part("chat-panel", HTMLElement), people: part("people-panel", HTMLElement) };
  /** @type {Record<"chat" | "people", HTMLElement>} */
  #openers = { chat: part("chat", HTMLElement), people: part("people", HTMLElement) };
  #onOpened;
  /** @type {Panel} */
  #open = null;

  /**
   * @param {() => void} close
   * @param {(panel: "chat" | "people") => void} onOpened
   */
  constructor(close, onOpened) {
    this.#onOpened = onOpened;
    for (const button of document.querySelectorAll("[data-close-panel]")) button.addEventListener("click", close);
  }

  /** @param {State} state */
  render({ panel }) {
    if (panel === this.#open) return;
    const before = this.#open;
    const hadFocus = before !== null && this.#panels[before].contains(document.activeElement);
    this.#open = panel;
    for (const name of /** @type {const} */ (["chat", "people"])) this.#panels[name].hidden = name !== panel;
    if (panel !== null) this.#onOpened(panel);
    else if (before !== null && hadFocus) this.#openers[before].focus();
  }
}
