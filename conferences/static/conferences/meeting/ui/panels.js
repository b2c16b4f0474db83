/**
 * The side panel: one of chat, participants and statistics, or none. The focus goes in with it and back when it closes.
 *
 * @import {Panel, State} from "../state/reducer.js"
 */

import { part } from "./dom.js";

/** @typedef {NonNullable<Panel>} Name */

const NAMES = /** @type {const} */ (["chat", "people", "statistics"]);

export class Panels {
  #panels = new Map(NAMES.map((name) => [name, part(`${name}-panel`, HTMLElement)]));
  #openers = new Map(NAMES.map((name) => [name, part(name, HTMLElement)]));
  #onOpened;
  /** @type {Panel} */
  #open = null;

  /**
   * @param {() => void} close
   * @param {(panel: Name) => void} onOpened
   */
  constructor(close, onOpened) {
    this.#onOpened = onOpened;
    for (const button of document.querySelectorAll("[data-close-panel]")) button.addEventListener("click", close);
  }

  /** @param {State} state */
  render({ panel }) {
    if (panel === this.#open) return;
    const before = this.#open;
    const hadFocus = before !== null && this.#panels.get(before)?.contains(document.activeElement);
    this.#open = panel;
    for (const [name, shown] of this.#panels) shown.hidden = name !== panel;
    if (panel !== null) this.#onOpened(panel);
    else if (before !== null && hadFocus) this.#openers.get(before)?.focus();
  }
}
