/**
 * The WebSocket to the web process: opens it, keeps it alive, opens it again after a loss.
 *
 * States: connecting → open → (lost → connecting …) → closed. `closed` is final: after `close()` or a close code after which the
 * client must not come back by itself. What is sent while the socket is not open is dropped: the meeting sends its state again
 * after each `joined`.
 *
 * @import {ClientMessage, ServerMessage} from "./messages.js"
 */

import { backoff } from "./backoff.js";
import { FINAL_CLOSES, decode, encode } from "./messages.js";

const PING_MS = 10_000;
const SILENCE_MS = 8_000;
const DOUBT_MS = 3_000;
const OPEN_TIMEOUT_MS = 8_000;

/**
 * @typedef {object} ConnectionEvents
 * @property {() => void} onOpen the socket is open: say `join`
 * @property {(message: ServerMessage) => void} onMessage
 * @property {() => void} onLost the socket is gone and will be opened again
 * @property {(reason: string) => void} onClosed the server closed it for good, for this reason
 */

export class Connection {
  #url;
  #events;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pingTimer;

  /**
   * @param {string} url
   * @param {ConnectionEvents} events
   */
  constructor(url, events) {
    this.#url = url;
    this.#events = events;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    this.#closed = false;
    clearTimeout(this.#retryTimer);
    this.#dropSocket();
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#expect(OPEN_TIMEOUT_MS);
    socket.addEventListener("open", () => this.#opened(socket));
    socket.addEventListener("message", (event) => this.#received(socket, event.data));
    socket.addEventListener("close", (event) => this.#lost(socket, event.code));
  }

  /** The network changed or the machine woke up: try now instead of at the end of the wait, and doubt a socket that looks open. */
  retryNow() {
    if (this.#closed) return;
    if (this.isOpen) return this.#ping(DOUBT_MS);
    this.#attempt = 0;
    this.open();
  }

  /** Joined: the next loss starts counting its tries anew. */
  settle() {
    this.#attempt = 0;
  }

  /**
   * @param {ClientMessage} message
   * @returns {boolean} whether it was handed to an open socket
   */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket?.send(encode(message));
    return true;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#dropSocket();
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#deadline);
    this.#pingTimer = setInterval(() => this.#ping(SILENCE_MS), PING_MS);
    this.#events.onOpen();
  }

  /** @param {WebSocket} socket @param {unknown} frame */
  #received(socket, frame) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#deadline);
    const message = decode(frame);
    if (message && message.type !== "pong") this.#events.onMessage(message);
  }

  /** @param {WebSocket} socket @param {number} code */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#dropSocket();
    const reason = FINAL_CLOSES.get(code);
    if (reason !== undefined) {
      this.#closed = true;
      this.#events.onClosed(reason);
    } else if (!this.#closed) {
      this.#retry();
    }
  }

  #retry() {
    this.#retryTimer = setTimeout(() => this.open(), backoff(this.#attempt));
    this.#attempt += 1;
    this.#events.onLost();
  }

  /** @param {number} patience milliseconds in which something must come back */
  #ping(patience) {
    this.send({ type: "ping", sent: Date.now() });
    this.#expect(patience);
  }

  /** A socket that stays silent for so long is dead: TCP alone would take minutes to notice. @param {number} milliseconds */
  #expect(milliseconds) {
    clearTimeout(this.#deadline);
    const socket = this.#socket;
    this.#deadline = setTimeout(() => socket && this.#lost(socket, 1006), milliseconds);
  }

  #dropSocket() {
    clearTimeout(this.#deadline);
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
