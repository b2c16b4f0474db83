/**
 * The buttons at the bottom and at the top.
 *
 * @import {State} from "../state/reducer.js"
 */

import { gettext } from "../i18n.js";
import { isHost, yourself } from "../state/selectors.js";
import { part } from "./dom.js";

/**
 * What each button and its key does.
 *
 * @typedef {Record<"microphone" | "camera" | "screen" | "hand" | "people" | "chat" | "statistics" | "devices" | "freeze" | "end" | "leave" | "view" | "help",
 *   () => void>} ToolActions
 */

const TOGGLES = /** @type {const} */ (["microphone", "camera", "screen", "hand", "people", "chat"]);
const BUTTONS = /** @type {const} */ ([...TOGGLES, "statistics", "devices", "freeze", "end", "leave", "view", "help"]);

export class Toolbar {
  /** @type {Map<string, HTMLButtonElement>} */
  #buttons = new Map(BUTTONS.map((name) => [name, part(name, HTMLButtonElement)]));
  #fullscreen = part("fullscreen", HTMLButtonElement);

  /**
   * @param {ToolActions} actions
   * @param {{canShareScreen: boolean}} abilities
   */
  constructor(actions, { canShareScreen }) {
    for (const name of BUTTONS) this.#button(name).addEventListener("click", () => actions[name]());
    this.#button("screen").hidden = !canShareScreen;
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    this.#fullscreen.addEventListener("click", toggleFullscreen);
    document.addEventListener("fullscreenchange", () => press(this.#fullscreen, document.fullscreenElement !== null));
  }

  /** @param {State} state */
  render(state) {
    press(this.#button("microphone"), state.own.microphone);
    press(this.#button("camera"), state.own.camera);
    press(this.#button("screen"), state.own.screen);
    press(this.#button("hand"), (yourself(state)?.hand_raised_at ?? null) !== null);
    press(this.#button("people"), state.panel === "people");
    press(this.#button("chat"), state.panel === "chat");
    press(this.#button("statistics"), state.panel === "statistics");
    this.#button("chat").hidden = !state.chatOn;
    this.#button("end").hidden = this.#button("freeze").hidden = !isHost(state);
    press(this.#button("freeze"), state.frozen);
    count(this.#button("chat"), state.unread);
    count(this.#button("people"), state.waiting.length);
    this.#showView(state);
  }

  /** The button names what it leads to. @param {State} state */
  #showView({ view }) {
    const button = this.#button("view");
    const text = view === "grid" ? gettext("Speaker view") : gettext("Grid view");
    button.title = `${text} (L)`;
    const label = button.querySelector(".tool-text");
    if (label) label.textContent = text;
    const use = button.querySelector("use");
    use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, view === "grid" ? "#speaker-view" : "#grid"));
  }

  /** @param {typeof BUTTONS[number]} name @returns {HTMLButtonElement} */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.#buttons.get(name));
  }
}

/** @param {HTMLButtonElement} button @param {boolean} pressed */
function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

/** @param {HTMLButtonElement} button @param {number} number */
function count(button, number) {
  const badge = button.querySelector(".tool-count");
  if (!(badge instanceof HTMLElement)) return;
  badge.hidden = number === 0;
  badge.textContent = number > 99 ? "99+" : String(number);
}

function toggleFullscreen() {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
}
