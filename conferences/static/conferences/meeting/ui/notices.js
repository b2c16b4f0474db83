/**
 * Announcements: short notices that go away by themselves, in a live region; and the banner while something is being repaired.
 *
 * @import {State} from "../state/reducer.js"
 */

import { gettext } from "../i18n.js";
import { element, part } from "./dom.js";
import { noticeText } from "./texts.js";

const SHOWN_MS = { info: 5_000, good: 5_000, warn: 9_000, bad: 9_000 };
const AT_ONCE = 3;

export class Notices {
  #root = part("notices", HTMLElement);
  #banner = part("banner", HTMLElement);
  #last = 0;

  /** @param {State} state */
  render(state) {
    if (state.panel === "chat") this.#root.querySelector('[data-code="chat_message"]')?.remove();
    if (state.notice && state.notice.id !== this.#last) this.#announce(state.notice);
    const text = bannerText(state);
    if (this.#banner.textContent !== text) this.#banner.textContent = text;
    this.#banner.hidden = text === "";
  }

  /** @param {NonNullable<State["notice"]>} notice */
  #announce(notice) {
    this.#last = notice.id;
    const shown = element("p", { class: `notice notice--${notice.kind} toast`, "data-code": notice.code }, noticeText(notice));
    this.#root.querySelector(`[data-code="${CSS.escape(notice.code)}"]`)?.remove();
    this.#root.append(shown);
    while (this.#root.children.length > AT_ONCE) this.#root.firstElementChild?.remove();
    setTimeout(() => shown.remove(), SHOWN_MS[notice.kind]);
  }
}

/** @param {State} state @returns {string} */
function bannerText({ phase, linked, frozen, mediaLive, mediaConnected }) {
  if (phase !== "joined") return "";
  if (!linked) return gettext("The connection was lost. Reconnecting…");
  if (frozen) return gettext("The meeting is stopped: nobody is seen or heard until the host or an administrator lets it go on.");
  if (!mediaLive) return gettext("Sound and picture are not available at the moment. They come back by themselves.");
  return mediaConnected ? "" : gettext("Sound and picture are being reconnected…");
}
