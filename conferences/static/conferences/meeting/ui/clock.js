/**
 * How long the meeting has been going on, by the server's clock.
 *
 * @import {State} from "../state/reducer.js"
 */

import { part } from "./dom.js";

const SECOND = 1000;

export class Clock {
  #root = part("clock", HTMLElement);
  #base = 0;
  #readAt = 0;
  #shown = "";

  constructor() {
    setInterval(() => this.#tick(), SECOND);
  }

  /** @param {State} state */
  render({ startedAt, serverTime }) {
    if (serverTime === this.#shown) return;
    this.#shown = serverTime;
    this.#base = Math.max(0, Date.parse(serverTime) - Date.parse(startedAt));
    this.#readAt = performance.now();
    this.#tick();
  }

  #tick() {
    if (this.#shown === "") return;
    const seconds = Math.floor((this.#base + performance.now() - this.#readAt) / SECOND);
    const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    this.#root.textContent = hours > 0 ? `${hours}:${rest}` : rest;
  }
}
