/**
 * What a person asks the server for by name: talking and hosting. Whether it is allowed, the server decides.
 *
 * @import {ClientMessage, Source} from "./messages.js"
 */

export class Commands {
  #send;

  /** @param {(message: ClientMessage) => boolean} send whether it went out */
  constructor(send) {
    this.#send = send;
  }

  /** @param {string} text @returns {boolean} whether it went out */
  chat(text) {
    return this.#send({ type: "chat", text });
  }

  /** @param {boolean} raised */
  raiseHand(raised) {
    this.#send({ type: "raise_hand", raised });
  }

  /** @param {string} participant */
  lowerHand(participant) {
    this.#send({ type: "lower_hand", participant });
  }

  /** @param {string} participant @param {Source} source */
  mute(participant, source) {
    this.#send({ type: "mute_participant", participant, source });
  }

  /** @param {string} participant waiting guest */
  admit(participant) {
    this.#send({ type: "admit", participant });
  }

  /** @param {string} participant waiting guest */
  deny(participant) {
    this.#send({ type: "deny", participant });
  }

  /** Puts out and bars. @param {string} participant */
  remove(participant) {
    this.#send({ type: "remove", participant });
  }

  /** @param {string} bar */
  readmit(bar) {
    this.#send({ type: "readmit", bar });
  }

  /** Tell every two seconds what is delivered, or no longer. @param {boolean} on */
  watchDelivery(on) {
    this.#send({ type: "watch_delivery", on });
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    this.#send({ type: "freeze", frozen });
  }

  endForAll() {
    this.#send({ type: "end" });
  }
}
