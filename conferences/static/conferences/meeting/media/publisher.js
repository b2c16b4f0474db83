/**
 * The publish connection: this participant's tracks to the SFU. The client offers.
 *
 * One offer is in flight at a time; what changes meanwhile is offered when the answer is there. A source keeps its transceiver for
 * the life of the connection: switching off sends nothing (`replaceTrack(null)`) and needs no negotiation.
 *
 * @import {Layer, Source} from "../signalling/messages.js"
 */

import { isLayered, preferredCodecs, videoCodecs } from "./codecs.js";
import { adjusted, encodingsOf, layersScreens, singleStream } from "./encodings.js";

/**
 * @typedef {object} PublisherOptions
 * @property {string} transportId
 * @property {RTCIceServer[]} iceServers
 * @property {(source: Source) => string[]} codecs of a video that is published now, the best first
 * @property {(transportId: string, sdp: string, sources: Record<string, Source>) => void} offer sends an offer
 * @property {(source: Source) => void} onPublished the SFU answered the first offer with this source
 */

export class Publisher {
  #options;
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #transceivers = new Map();
  /** @type {Set<Source>} */
  #published = new Set();
  /** @type {Map<Source, RTCRtpEncodingParameters[]>} */
  #encodings = new Map();
  /** @type {Map<Source, readonly Layer[]>} what somebody watches; a source that is not there is watched in all layers */
  #watched = new Map();
  #adjusting = Promise.resolve();
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
   * Whether this track fits the connection as it is. A picture whose size asks for another number of layers does not: the number is
   * fixed when the transceiver is made.
   *
   * @param {Source} source
   * @param {MediaStreamTrack} track
   * @returns {boolean}
   */
  fits(source, track) {
    return !this.#transceivers.has(source) || this.#encodings.get(source)?.length === this.#plan(source, track).encodings.length;
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
    if (transceiver && track) this.#resize(source, track);
    return !transceiver && track !== null;
  }

  /**
   * Sends a source in the codec that is wanted by now: in an m-line of its own, because codec and layers are chosen for a transceiver
   * once and for all. The one of before ends with the same negotiation.
   *
   * @param {Source} source
   * @returns {Promise<void>}
   */
  async recode(source) {
    const old = this.#transceivers.get(source);
    if (!old || this.#isClosed) return;
    const { track } = old.sender;
    this.#transceivers.delete(source);
    this.#published.delete(source);
    this.#watched.delete(source);
    old.direction = "inactive";
    if (track) this.#add(source, track);
    await this.negotiate();
  }

  /**
   * Sends these layers of a source and no others from now on: somebody watches them.
   *
   * @param {Source} source
   * @param {readonly Layer[]} layers
   */
  sendLayers(source, layers) {
    this.#watched.set(source, layers);
    if (this.#published.has(source)) this.#adjust(source);
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
    const { encodings, codecs } = this.#plan(source, track);
    const transceiver = this.pc.addTransceiver(track, { direction: "sendonly", sendEncodings: encodings });
    if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
    this.#encodings.set(source, encodings);
    this.#transceivers.set(source, transceiver);
  }

  /** How a track goes out. @param {Source} source @param {MediaStreamTrack} track */
  #plan(source, track) {
    const codecs = track.kind === "video" ? preferredCodecs(this.#options.codecs(source), videoCodecs()) : [];
    const browser = { layeredScreen: layersScreens(globalThis.navigator?.userAgent ?? "") };
    const encodings = encodingsOf(source, track.getSettings(), browser);
    return { codecs, encodings: isLayered(codecs) ? encodings : singleStream(encodings) };
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
      this.#adjust(source);
    }
  }

  /** Another track may need more bandwidth, or less. @param {Source} source @param {MediaStreamTrack} track */
  #resize(source, track) {
    this.#encodings.set(source, this.#plan(source, track).encodings);
    this.#adjust(source);
  }

  /** Brings a sender to what is to be sent of its source: one change after the other, as no two may be under way. @param {Source} source */
  #adjust(source) {
    const sender = this.#transceivers.get(source)?.sender;
    if (!sender) return;
    // A browser that refuses goes on as before, with more bandwidth.
    this.#adjusting = this.#adjusting.then(() => this.#apply(source, sender)).catch(() => {});
  }

  /** @param {Source} source @param {RTCRtpSender} sender */
  async #apply(source, sender) {
    const layers = this.#watched.get(source);
    await sender.setParameters(adjusted(sender.getParameters(), this.#encodings.get(source) ?? [], { source, layers }));
  }
}
