/**
 * The chat panel. Text only: a message is a text node, never markup.
 *
 * @import {ChatMessage} from "../signalling/messages.js"
 * @import {State} from "../state/reducer.js"
 */

import { gettext, timeOfDay } from "../i18n.js";
import { element, part } from "./dom.js";

/** Within this distance from the end, in CSS pixels, the list follows new messages. */
const FOLLOW = 60;

export class Chat {
  #send;
  #list = part("chat-list", HTMLElement);
  #form = part("chat-form", HTMLFormElement);
  #input = part("chat-input", HTMLTextAreaElement);
  /** @type {ChatMessage[]} */
  #shown = [];

  /** @param {(text: string) => boolean} send whether it went out */
  constructor(send) {
    this.#send = send;
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#input.addEventListener("keydown", (event) => this.#enter(event));
    this.#input.addEventListener("input", () => this.#grow());
  }

  /** @param {State} state */
  render(state) {
    this.#input.disabled = !state.chatOn;
    if (state.messages === this.#shown) return;
    const follows = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < FOLLOW;
    const known = new Set(this.#shown.map(({ id }) => id));
    const kept = new Set(state.messages.map(({ id }) => id));
    for (const old of this.#shown) if (!kept.has(old.id)) this.#list.firstElementChild?.remove();
    let last = this.#shown.at(-1);
    for (const message of state.messages) {
      if (known.has(message.id)) continue;
      this.#list.append(bubble(message, message.participant === state.you, last));
      last = message;
    }
    this.#shown = state.messages;
    if (follows) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  focus() {
    this.#input.focus();
  }

  /** Enter sends; Shift+Enter makes a line; Enter that ends a Japanese conversion does neither. @param {KeyboardEvent} event */
  #enter(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#input.value.trim();
    if (text === "" || !this.#send(text)) return;
    this.#input.value = "";
    this.#grow();
    this.scrollToEnd();
  }

  #grow() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight + 2, 140)}px`;
  }
}

/** @param {ChatMessage} message @param {boolean} own @param {ChatMessage | undefined} previous */
function bubble(message, own, previous) {
  const item = element("li", { class: own ? "chat-item chat-item--own" : "chat-item" });
  const time = element("time", { datetime: message.sent_at, class: "chat-time num" }, timeOfDay(message.sent_at));
  const continues = previous?.participant === message.participant && timeOfDay(previous.sent_at) === timeOfDay(message.sent_at);
  const head = element("p", { class: continues ? "visually-hidden" : "chat-head" });
  head.append(element("span", { class: "chat-name" }, own ? gettext("You") : message.name), " ", time);
  item.append(head, element("p", { class: "chat-text" }, message.text));
  item.dataset.testid = "chat-message";
  item.dataset.participant = message.participant;
  return item;
}
