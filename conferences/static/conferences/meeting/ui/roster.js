/**
 * Who is here, who waits, who is kept out; for hosts with what they may do about it.
 *
 * @import {Barred, Participant, WaitingGuest} from "../signalling/messages.js"
 * @import {State} from "../state/reducer.js"
 */

import { format, gettext } from "../i18n.js";
import { isHost, rosterOf } from "../state/selectors.js";
import { avatarClass, element, icon, iconButton, initials, part } from "./dom.js";
import { qualityText } from "./texts.js";

/**
 * @typedef {object} RosterActions
 * @property {(participant: string, source: "microphone" | "camera" | "screen") => void} mute
 * @property {(participant: Participant) => void} remove
 * @property {(participant: string) => void} lowerHand
 * @property {(participant: string) => void} admit
 * @property {(participant: string) => void} deny
 * @property {(bar: string) => void} readmit
 */

/** @typedef {{key: string, signature: string, make: () => HTMLElement}} Item */

export class Roster {
  #actions;
  #root = part("people-lists", HTMLElement);
  #count = part("people-count", HTMLElement);
  #waiting = list("waiting-list", gettext("Waiting to be admitted"));
  #people = list("people-list", gettext("In the meeting"));
  #barred = list("barred-list", gettext("Removed"));

  /** @param {RosterActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#root.append(this.#waiting.section, this.#people.section, this.#barred.section);
  }

  /** @param {State} state */
  render(state) {
    this.#count.textContent = String(state.participants.length);
    if (state.panel !== "people") return;
    const host = isHost(state);
    patch(this.#people, rosterOf(state).map(({ participant, hand }) => this.#person(state, participant, hand, host)));
    patch(this.#waiting, host ? state.waiting.map((guest) => this.#guest(guest)) : []);
    patch(this.#barred, host ? state.barred.map((barred) => this.#barredPerson(barred)) : []);
  }

  /** @param {State} state @param {Participant} participant @param {number} hand @param {boolean} host @returns {Item} */
  #person(state, participant, hand, host) {
    const own = participant.id === state.you;
    return {
      key: participant.id,
      signature: JSON.stringify([participant, hand, host, own]),
      make: () => {
        const tools = host ? this.#tools(participant, own) : [];
        const item = row(participant.id, participant.name, [badges(participant, own, hand), marks(participant)], tools);
        item.dataset.testid = "roster-item";
        item.dataset.participant = participant.id;
        item.classList.toggle("person--dim", !participant.connected);
        return item;
      },
    };
  }

  /** @param {Participant} participant @param {boolean} own @returns {HTMLElement[]} */
  #tools(participant, own) {
    const { id, name, muted } = participant;
    const named = (/** @type {string} */ text) => format(text, { name });
    const tools = [];
    if (participant.hand_raised_at !== null) {
      tools.push(iconButton("hand", named(gettext("Lower the hand of %(name)s")), () => this.#actions.lowerHand(id), "lower-hand-button"));
    }
    if (own) return tools;
    if (!muted.microphone) {
      tools.push(iconButton("microphone-off", named(gettext("Mute %(name)s")), () => this.#actions.mute(id, "microphone"), "mute-button"));
    }
    if (!muted.camera) tools.push(iconButton("camera-off", named(gettext("Stop the camera of %(name)s")), () => this.#actions.mute(id, "camera")));
    if (!muted.screen) tools.push(iconButton("screen-off", named(gettext("Stop the screen of %(name)s")), () => this.#actions.mute(id, "screen")));
    tools.push(iconButton("remove", named(gettext("Remove %(name)s")), () => this.#actions.remove(participant), "remove-button"));
    return tools;
  }

  /** @param {WaitingGuest} guest @returns {Item} */
  #guest({ id, name }) {
    return {
      key: id,
      signature: name,
      make: () =>
        row(id, name, [], [
          textButton(gettext("Admit"), format(gettext("Admit %(name)s"), { name }), "button--primary", () => this.#actions.admit(id), "lobby-admit"),
          textButton(gettext("Deny"), format(gettext("Deny %(name)s"), { name }), "", () => this.#actions.deny(id), "lobby-deny"),
        ]),
    };
  }

  /** @param {Barred} barred @returns {Item} */
  #barredPerson({ id, name, by_admin }) {
    const label = format(gettext("Let %(name)s in again"), { name });
    const button = () => textButton(gettext("Let in again"), label, "", () => this.#actions.readmit(id), "readmit-button");
    const byAdmin = () => element("span", { class: "badge" }, gettext("By an administrator"));
    return {
      key: id,
      signature: `${name} ${by_admin}`,
      make: () => row(id, name, by_admin ? [byAdmin()] : [], by_admin ? [] : [button()]),
    };
  }
}

/** @param {string} id @param {string} title */
function list(id, title) {
  const heading = element("h3", { id, class: "people-title" }, title);
  const items = element("ul", { class: "people", "aria-labelledby": id });
  const section = element("section", {}, heading, items);
  return { section, items, /** @type {Map<string, {signature: string, item: HTMLElement}>} */ shown: new Map() };
}

/** Makes anew only what changed, so that the focus stays where it is. @param {ReturnType<typeof list>} target @param {Item[]} wanted */
function patch({ section, items, shown }, wanted) {
  section.hidden = wanted.length === 0;
  const keys = new Set(wanted.map(({ key }) => key));
  for (const [key, { item }] of shown) {
    if (keys.has(key)) continue;
    item.remove();
    shown.delete(key);
  }
  wanted.forEach(({ key, signature, make }, index) => {
    let entry = shown.get(key);
    if (entry?.signature !== signature) {
      const item = make();
      replace(entry?.item, item);
      entry = { signature, item };
      shown.set(key, entry);
    }
    if (items.children[index] !== entry.item) items.insertBefore(entry.item, items.children[index] ?? null);
  });
}

/** Keeps the focus on the same button of the new row. @param {HTMLElement | undefined} old @param {HTMLElement} item */
function replace(old, item) {
  const focused = old?.contains(document.activeElement) ? document.activeElement : null;
  old?.replaceWith(item);
  if (!(focused instanceof HTMLElement)) return;
  const buttons = [...item.querySelectorAll("button")];
  const again = buttons.find(({ dataset }) => dataset.testid && dataset.testid === focused.dataset.testid) ?? buttons[0];
  again?.focus();
}

/** @param {string} id @param {string} name @param {HTMLElement[]} details @param {HTMLElement[]} tools @returns {HTMLElement} */
function row(id, name, details, tools) {
  const avatar = element("span", { class: `avatar ${avatarClass(id)}`, "aria-hidden": "true" }, initials(name));
  const who = element("div", { class: "person-who" }, element("span", { class: "person-name" }, name), ...details);
  return element("li", { class: "person" }, avatar, who, element("div", { class: "person-tools" }, ...tools));
}

/** @param {Participant} participant @param {boolean} own @param {number} hand */
function badges(participant, own, hand) {
  const shown = element("span", { class: "person-badges" });
  if (hand > 0) shown.append(element("span", { class: "badge badge--warn" }, icon("hand"), format(gettext("Hand %(place)s"), { place: hand })));
  if (own) shown.append(element("span", { class: "badge" }, gettext("You")));
  if (participant.role === "host") shown.append(element("span", { class: "badge badge--good" }, gettext("Host")));
  if (participant.is_guest) shown.append(element("span", { class: "badge badge--info" }, gettext("Guest")));
  return shown;
}

/** @param {Participant} participant */
function marks({ muted, quality, connected }) {
  const shown = element("span", { class: "person-marks" });
  /** @param {string} symbol @param {string} label @param {string} [modifier] */
  const add = (symbol, label, modifier = "") =>
    shown.append(element("span", { class: `person-mark ${modifier}`, role: "img", "aria-label": label, title: label }, icon(symbol)));
  if (muted.microphone) add("microphone-off", gettext("Microphone off"));
  else add("microphone", gettext("Microphone on"));
  if (muted.camera) add("camera-off", gettext("Camera off"));
  else add("camera", gettext("Camera on"));
  if (!muted.screen) add("screen", gettext("Sharing a screen"));
  const shownQuality = connected ? quality : "lost";
  add("network", qualityText(shownQuality), `tile-mark--${shownQuality}`);
  return shown;
}

/** @param {string} text @param {string} label @param {string} modifier @param {() => void} action @param {string} testId */
function textButton(text, label, modifier, action, testId) {
  const button = element("button", { type: "button", class: `button button--small ${modifier}`, "aria-label": label, "data-testid": testId }, text);
  button.addEventListener("click", action);
  return button;
}
