/**
 * The publish connection: this participant's tracks to the SFU. The client offers.
 *
 * One offer is in flight at a time; what changes meanwhile is offered when the answer is there. A source keeps its transceiver for
 * the life of the connection: switching off sends nothing (`replaceTrack(null)`) and needs no negotiation.
 *
 * @import {Source} from "../signalling/messages.js"
 */

import { cameraEncodings, layerCount, screenEncodings } from "./encodings.js";

/**
 * @typedef {object} PublisherOptions
 * @property {string} transportId
 * @property {RTCIceServer[]} iceServers
 * @property {(transportId: string, sdp: string, sources: Record<string, Source>) => void} offer sends an offer
 * @property {(source: Source) => void} onPublished the SFU answered the first offer with this source
 */

export class Publisher {
  #options;
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #transceivers = new Map();
  /** @type {Set<Source>} */
  #published = new Set();
  #layers = 0;
  #dirty = false;
  #restart = false;
  #busy = false;
  #unanswered = false;

  /** @param {PublisherOptions} options */
  constructor(options) {
    this.#options = options;
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: options.iceServers });
  }

  get transportId() {
    return this.#options.transportId;
  }

  /** Whether an offer is waiting for its answer. */
  get isNegotiating() {
    return this.pc.signalingState === "have-local-offer";
  }

  /**
   * Whether this track fits the connection as it is. A camera whose size asks for another number of layers does not: the number is
   * fixed when the transceiver is made.
   *
   * @param {Source} source
   * @param {MediaStreamTrack} track
   * @returns {boolean}
   */
  fits(source, track) {
    return source !== "camera" || !this.#transceivers.has(source) || this.#layers === layerCount(track.getSettings());
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack | null} track what to send from now on
   * @returns {Promise<boolean>} whether it needs a new offer
   */
  async setTrack(source, track) {
    if (this.#isClosed) return false;
    const transceiver = this.#transceivers.get(source);
    if (transceiver) await this.#whileOpen(() => transceiver.sender.replaceTrack(track));
    else if (track) this.#add(source, track);
    return !transceiver && track !== null;
  }

  /** Sends an offer for what was added since the last one. */
  async negotiate() {
    this.#dirty = true;
    await this.#offer();
  }

  /** Offers new ICE credentials; the media goes on over the old path until the new one stands. */
  async restartIce() {
    this.#restart = true;
    await this.negotiate();
  }

  /** Sends the offer in flight once more: its answer was lost with the socket. */
  resend() {
    if (this.isNegotiating) this.#send();
  }

  /**
   * @param {string} transportId
   * @param {string} sdp
   * @returns {Promise<void>}
   */
  async accept(transportId, sdp) {
    if (transportId !== this.transportId || !this.#unanswered) return;
    this.#unanswered = false;
    await this.#whileOpen(() => this.pc.setRemoteDescription({ type: "answer", sdp }));
    this.#announce();
    if (this.#dirty) await this.#offer();
  }

  /** The SFU refused the offer: go back to what was agreed before. */
  async refuse() {
    this.#unanswered = false;
    if (this.isNegotiating) await this.#whileOpen(() => this.pc.setLocalDescription({ type: "rollback" }));
  }

  close() {
    this.pc.close();
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #add(source, track) {
    /** @type {RTCRtpTransceiverInit} */
    const init = { direction: "sendonly" };
    if (source === "screen") init.sendEncodings = screenEncodings();
    if (source === "camera") {
      init.sendEncodings = cameraEncodings(track.getSettings());
      this.#layers = layerCount(track.getSettings());
    }
    this.#transceivers.set(source, this.pc.addTransceiver(track, init));
  }

  async #offer() {
    if (this.#busy || this.isNegotiating || this.#isClosed) return;
    this.#busy = true;
    this.#dirty = false;
    const iceRestart = this.#restart;
    this.#restart = false;
    try {
      await this.#whileOpen(async () => this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart })));
    } finally {
      this.#busy = false;
    }
    this.#send();
  }

  get #isClosed() {
    return this.pc.signalingState === "closed";
  }

  /** What the connection was doing when it was closed fails; that is no error. @param {() => Promise<void>} step */
  async #whileOpen(step) {
    try {
      await step();
    } catch (error) {
      if (!this.#isClosed) throw error;
    }
  }

  #send() {
    const sdp = this.pc.localDescription?.sdp;
    if (!sdp || this.#isClosed) return;
    this.#unanswered = true;
    this.#options.offer(this.transportId, sdp, this.#sources());
  }

  /** @returns {Record<string, Source>} source by media identification */
  #sources() {
    const entries = [...this.#transceivers].map(([source, transceiver]) => [transceiver.mid ?? "", source]);
    return Object.fromEntries(entries.filter(([mid]) => mid !== ""));
  }

  #announce() {
    for (const [source, transceiver] of this.#transceivers) {
      if (transceiver.currentDirection === null || this.#published.has(source)) continue;
      this.#published.add(source);
      this.#options.onPublished(source);
    }
  }
}
