/**
 * The socket of the test: what is asked for is answered or refused; offers are passed on.
 *
 * @import {SubscribeOffer} from "../meeting/signalling/messages.js"
 */

const ANSWER_MS = 10_000;

/** @typedef {{addresses: {address: string, port: number, protocol: string}[], ice_servers: RTCIceServer[]}} Begun */

/** What the server refused; `code` is an error's (docs/signalling.md), or `lost`. */
export class Refused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export class Signal {
  #socket;
  #number = 0;
  /** @type {Map<string, {resolve: (answer: any) => void, reject: (error: Refused) => void}>} */
  #waiting = new Map();
  /** @type {(offer: SubscribeOffer) => void} */
  onOffer = () => {};

  /** @param {WebSocket} socket an open one */
  constructor(socket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener("close", () => this.#drop("lost"));
  }

  /**
   * @param {string} url
   * @returns {Promise<Signal>}
   * @throws {Refused} when there is no WebSocket to be had
   */
  static async open(url) {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("close", () => reject(new Refused("lost")), { once: true });
      setTimeout(() => reject(new Refused("lost")), ANSWER_MS);
    });
    return new Signal(socket);
  }

  /** @param {string | null} ticket @returns {Promise<Begun>} */
  begin(ticket) {
    return this.#ask({ type: "begin", ticket });
  }

  /** @param {string} transport_id @param {string} sdp @param {Record<string, string>} sources @returns {Promise<{sdp: string}>} */
  publish(transport_id, sdp, sources) {
    return this.#ask({ type: "publish", transport_id, sdp, sources });
  }

  /** @param {string} transport_id */
  subscribe(transport_id) {
    this.#send({ type: "subscribe", transport_id });
  }

  /** @param {string} transport_id @param {number} revision @param {string} sdp */
  answer(transport_id, revision, sdp) {
    this.#send({ type: "subscribe_answer", transport_id, revision, sdp });
  }

  /** @returns {Promise<number>} milliseconds there and back */
  async roundTrip() {
    const sent = performance.now();
    await this.#ask({ type: "ping", sent });
    return performance.now() - sent;
  }

  close() {
    this.#socket.close();
  }

  /** @param {Record<string, unknown>} message @returns {Promise<any>} */
  #ask(message) {
    this.#number += 1;
    const request = String(this.#number);
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      setTimeout(() => reject(new Refused("lost")), ANSWER_MS);
      this.#send({ ...message, request });
    });
  }

  /** @param {Record<string, unknown>} message */
  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
    else this.#drop("lost");
  }

  /** @param {any} message */
  #take(message) {
    const asked = this.#waiting.get(message.request);
    this.#waiting.delete(message.request);
    if (message.type === "subscribe_offer") this.onOffer(message);
    else if (message.type !== "error") asked?.resolve(message);
    else if (message.fatal) this.#drop(message.code, asked);
    else asked?.reject(new Refused(message.code));
  }

  /** @param {string} code @param {{reject: (error: Refused) => void}} [also] */
  #drop(code, also) {
    also?.reject(new Refused(code));
    for (const { reject } of this.#waiting.values()) reject(new Refused(code));
    this.#waiting.clear();
  }
}
