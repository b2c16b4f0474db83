/**
 * Brings a peer connection back after a network change: first ICE restarts, then a new connection.
 *
 * The rules: `disconnected` for 3 s, `failed`, or not connected 12 s after the last try → the next try. The first two tries restart
 * ICE (the media keys stay), every later one rebuilds the connection. While signalling is down nothing is tried: a restart needs it.
 */

const DISCONNECTED_MS = 3_000;
const TRY_MS = 12_000;
const RESTARTS = 2;

/**
 * @typedef {object} RecoveryOptions
 * @property {Pick<RTCPeerConnection, "connectionState" | "addEventListener" | "removeEventListener">} pc
 * @property {() => boolean} canTry whether signalling is up
 * @property {() => void} restartIce
 * @property {() => void} rebuild
 * @property {(connected: boolean) => void} onChange
 */

export class Recovery {
  #options;
  #tries = 0;
  #started = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #listener = () => this.#changed();

  /** @param {RecoveryOptions} options */
  constructor(options) {
    this.#options = options;
    options.pc.addEventListener("connectionstatechange", this.#listener);
  }

  /** The first description is on its way: from now on the connection is expected to come up. */
  start() {
    if (this.#started) return;
    this.#started = true;
    this.#wait(TRY_MS);
  }

  /** Something changed for the better (network or signalling is back): do not wait for the timer. */
  hurry() {
    if (this.#started && this.#isDown()) this.#try();
  }

  /** The server hears nothing from here, whatever the browser believes: Firefox may take half a minute to notice. */
  doubt() {
    if (!this.#started) return;
    if (this.#options.pc.connectionState === "connected") this.#options.restartIce();
    else this.hurry();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#options.pc.removeEventListener("connectionstatechange", this.#listener);
  }

  #changed() {
    const state = this.#options.pc.connectionState;
    if (state === "connected") this.#recovered();
    if (this.#isDown()) this.#options.onChange(false);
    if (state === "disconnected") this.#wait(DISCONNECTED_MS);
    if (state === "failed") this.#try();
  }

  #recovered() {
    clearTimeout(this.#timer);
    this.#tries = 0;
    this.#options.onChange(true);
  }

  #isDown() {
    return this.#options.pc.connectionState === "disconnected" || this.#options.pc.connectionState === "failed";
  }

  #try() {
    if (this.#options.pc.connectionState === "connected") return this.#recovered();
    this.#wait(TRY_MS);
    if (!this.#options.canTry()) return;
    this.#tries += 1;
    if (this.#tries > RESTARTS) this.#options.rebuild();
    else this.#options.restartIce();
  }

  /** @param {number} milliseconds */
  #wait(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), milliseconds);
  }
}
