/**
 * One tile: a custom element with a participant's picture, or initials while there is none. Leaving the document releases the picture.
 *
 * @import {TileFace} from "../state/selectors.js"
 */

import { format, gettext } from "../i18n.js";
import { avatarClass, element, icon, initials } from "./dom.js";
import { qualityText } from "./texts.js";

/** @typedef {{face: TileFace, hand: number, speaking: boolean, paused: boolean, stalled: boolean, pinned: boolean}} TileView */

export class TileElement extends HTMLElement {
  #video = element("video", { playsinline: "", autoplay: "", muted: "", tabindex: "-1", "aria-hidden": "true" });
  #avatar = element("span", { class: "tile-avatar", "aria-hidden": "true" });
  #state = element("p", { class: "tile-state" });
  #hand = element("span", { class: "tile-hand" });
  #label = element("div", { class: "tile-label" });
  #pin = element("button", { type: "button", class: "tool tool--small tile-pin" }, icon("pin"));
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #shown = "";

  connectedCallback() {
    this.classList.add("tile");
    this.dataset.testid = "tile";
    this.setAttribute("role", "group");
    this.#video.muted = true;
    this.#video.addEventListener("loadeddata", () => this.classList.add("tile--picture"));
    this.append(this.#avatar, this.#video, this.#state, this.#hand, this.#label, this.#pin);
  }

  disconnectedCallback() {
    this.setTrack(null);
  }

  /** @param {() => void} action what a click on the tile or its pin does */
  onPin(action) {
    this.addEventListener("click", action);
  }

  /** @param {MediaStreamTrack | null} track */
  setTrack(track) {
    if (track === this.#track) return;
    this.#track = track;
    if (!track) this.classList.remove("tile--picture");
    this.#video.srcObject = track && new MediaStream([track]);
    if (track) void this.#video.play().catch(() => {}); // a muted video may always play; a newer source interrupts this one
  }

  /** @param {TileView} view */
  show(view) {
    const signature = JSON.stringify(view);
    if (signature === this.#shown) return;
    this.#shown = signature;
    const { participant, source, own } = view.face;
    this.dataset.participant = participant.id;
    this.dataset.source = source;
    this.setAttribute("aria-label", nameOf(view.face));
    this.classList.toggle("tile--mirrored", own && source === "camera");
    this.classList.toggle("tile--screen", source === "screen");
    this.classList.toggle("tile--speaking", view.speaking);
    this.classList.toggle("tile--dim", !participant.connected);
    this.#avatar.textContent = initials(participant.name);
    this.#avatar.className = `tile-avatar ${avatarClass(participant.id)}`;
    this.#showState(view);
    this.#showHand(view.hand);
    this.#showLabel(view.face);
    this.#showPin(view);
  }

  /** @param {import("./layout.js").Box} box */
  place({ x, y, width, height, large }) {
    this.style.transform = `translate(${x}px, ${y}px)`;
    this.style.width = `${width}px`;
    this.style.height = `${height}px`;
    this.classList.toggle("tile--large", large);
    this.classList.toggle("tile--small", width < 220);
  }

  /** @param {TileView} view */
  #showState({ face, paused, stalled }) {
    const { connected, quality } = face.participant;
    const text = stateText(!connected || quality === "lost", paused, stalled);
    this.#state.hidden = text === "";
    this.#state.textContent = text;
    this.classList.toggle("tile--paused", paused);
  }

  /** @param {number} place in the queue, 0 without a raised hand */
  #showHand(place) {
    this.#hand.hidden = place === 0;
    const label = format(gettext("Hand raised, number %(place)s"), { place });
    this.#hand.replaceChildren(icon("hand"), element("span", { "aria-hidden": "true" }, String(place)), hidden(label));
  }

  /** @param {TileFace} face */
  #showLabel(face) {
    const { participant, source } = face;
    const parts = [element("span", { class: "tile-name" }, nameOf(face))];
    if (source === "camera") {
      if (participant.muted.microphone) parts.unshift(mark("microphone-off", gettext("Microphone off")));
      if (participant.is_guest) parts.push(element("span", { class: "tile-badge" }, gettext("Guest")));
      if (participant.role === "host") parts.push(element("span", { class: "tile-badge tile-badge--host" }, gettext("Host")));
      if (participant.quality !== "good") parts.push(mark("network", qualityText(participant.quality), `tile-mark--${participant.quality}`));
    }
    this.#label.replaceChildren(...parts);
  }

  /** @param {TileView} view */
  #showPin({ face, pinned }) {
    const label = format(pinned ? gettext("Unpin %(name)s") : gettext("Pin %(name)s"), { name: nameOf(face) });
    this.#pin.setAttribute("aria-pressed", String(pinned));
    this.#pin.setAttribute("aria-label", label);
    this.#pin.title = label;
  }
}

customElements.define("lo-tile", TileElement);

/** @param {TileFace} face @returns {string} */
function nameOf({ participant, source, own }) {
  if (source === "screen") return own ? gettext("Your screen") : format(gettext("Screen of %(name)s"), { name: participant.name });
  return own ? format(gettext("%(name)s (you)"), { name: participant.name }) : participant.name;
}

/** @param {boolean} lost @param {boolean} paused @param {boolean} stalled */
function stateText(lost, paused, stalled) {
  if (lost) return gettext("Reconnecting…");
  if (paused) return gettext("Paused: your connection is too slow for this picture.");
  return stalled ? gettext("The picture is held up by the network.") : "";
}

/** @param {string} symbol @param {string} label @param {string} [modifier] */
function mark(symbol, label, modifier = "") {
  return element("span", { class: `tile-mark ${modifier}`, title: label }, icon(symbol), hidden(label));
}

/** @param {string} text */
function hidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}
