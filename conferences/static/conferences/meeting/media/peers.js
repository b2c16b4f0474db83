/**
 * The two peer connections of this participant, kept alive: built, restarted after a network change, built anew when that does not help.
 *
 * @import {ClientMessage, ServerMessage, Source} from "../signalling/messages.js"
 * @import {RemoteTrack} from "./subscriber.js"
 */

import { Handover } from "./handover.js";
import { Publisher } from "./publisher.js";
import { Recovery } from "./recovery.js";
import { Subscriber } from "./subscriber.js";

/**
 * @typedef {object} PeersOptions
 * @property {(message: ClientMessage) => void} send
 * @property {() => boolean} canSend whether signalling is up and joined
 * @property {string[]} videoCodecs what video is to be published in, the best first
 * @property {() => [Source, MediaStreamTrack][]} ownTracks what is to be published
 * @property {(source: Source) => void} onPublished the SFU has taken this source
 * @property {(tracks: RemoteTrack[]) => void} onTracks what arrives now, whole
 * @property {(connected: boolean) => void} onConnected both connections stand, or one does not
 */

export class Peers {
  #options;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  /** @type {Publisher | null} */
  #publisher = null;
  /** @type {Subscriber | null} */
  #subscriber = null;
  /** @type {{publish: Recovery | null, subscribe: Recovery | null}} */
  #recovery = { publish: null, subscribe: null };
  #down = { publish: false, subscribe: false };
  /** What arrives now. @type {RemoteTrack[]} */
  #tracks = [];
  /** The connections of before, while the meeting moves. @type {Handover | null} */
  #handover = null;
  /** Sources that somebody could not decode: in VP8 for the rest of the meeting. @type {Set<Source>} */
  #fallenBack = new Set();

  /** @param {PeersOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {RTCPeerConnection | null} */
  get publish() {
    return this.#publisher?.pc ?? null;
  }

  /** @returns {RTCPeerConnection | null} */
  get subscribe() {
    return this.#subscriber?.pc ?? null;
  }

  /** The relays of new connections and, from its next ICE restart on, of one that stands. @param {RTCIceServer[]} iceServers */
  useServers(iceServers) {
    this.#iceServers = iceServers;
    for (const pc of [this.publish, this.subscribe]) pc?.setConfiguration({ ...pc.getConfiguration(), iceServers });
  }

  /** Both connections anew. With `keep` the old ones carry sound and pictures until the new ones do. */
  build({ keep = false } = {}) {
    this.#handover?.end();
    this.#handover = keep && this.#subscriber ? this.#handOver(this.#subscriber, this.#publisher) : null;
    this.#buildSubscriber();
    this.#buildPublisher();
  }

  /** Signalling is back and the server kept our media: say again what may have been lost on the way. */
  resume() {
    if (this.#subscriber) this.#options.send({ type: "subscribe", transport_id: this.#subscriber.transportId });
    this.#publisher?.resend();
    this.hurry();
  }

  /** The network is back: do not wait. */
  hurry() {
    this.#recovery.publish?.hurry();
    this.#recovery.subscribe?.hurry();
  }

  /** The server hears nothing from one of them at least. */
  doubt() {
    this.#recovery.publish?.doubt();
    this.#recovery.subscribe?.doubt();
  }

  /** @param {ServerMessage} message */
  receive(message) {
    if (message.type === "published") void this.#publisher?.accept(message.transport_id, message.sdp).catch(() => this.#buildPublisher());
    if (message.type === "codec_required") this.#fallBack(message.source);
    if (message.type === "layers_wanted") this.#publisher?.sendLayers(message.source, message.layers);
    if (message.type === "subscribe_offer") this.#subscriber?.take(message);
    if (message.type === "error" && message.request?.startsWith("publish-")) void this.#publisher?.refuse();
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack | null} track what to send from now on
   * @returns {Promise<void>}
   */
  async setTrack(source, track) {
    const publisher = this.#publisher;
    if (!publisher) {
      if (track && this.#subscriber) this.#buildPublisher();
    } else if (track && !publisher.fits(source, track)) {
      this.#buildPublisher();
    } else if (await publisher.setTrack(source, track)) {
      await publisher.negotiate();
    }
  }

  close() {
    this.#handover?.end();
    this.#closePublisher();
    this.#closeSubscriber();
  }

  /** Nothing repairs the old connections any more. @param {Subscriber} subscriber @param {Publisher | null} publisher */
  #handOver(subscriber, publisher) {
    this.#recovery.publish?.stop();
    this.#recovery.subscribe?.stop();
    this.#subscriber = this.#publisher = null;
    const close = () => {
      subscriber.close();
      publisher?.close();
    };
    return new Handover({ old: this.#tracks, close, onTracks: (tracks) => this.#show(tracks) });
  }

  /** @param {RemoteTrack[]} tracks what the present connection carries */
  #arrived(tracks) {
    if (this.#handover && !this.#handover.isOver) this.#handover.take(tracks);
    else this.#show(tracks);
  }

  /** @param {RemoteTrack[]} tracks */
  #show(tracks) {
    this.#tracks = tracks;
    this.#options.onTracks(tracks);
  }

  /** Said again and again until it is done; doing it once is enough. @param {Source} source */
  #fallBack(source) {
    if (this.#fallenBack.has(source)) return;
    this.#fallenBack.add(source);
    void this.#publisher?.recode(source);
  }

  /** Without anything to send there is no publish connection. */
  #buildPublisher() {
    this.#closePublisher();
    const tracks = this.#options.ownTracks();
    if (tracks.length === 0) return this.#report("publish", true);
    const publisher = new Publisher({
      transportId: newTransportId("publish"),
      iceServers: this.#iceServers,
      codecs: (source) => (this.#fallenBack.has(source) ? [] : this.#options.videoCodecs),
      offer: (transport_id, sdp, sources) => this.#options.send({ type: "publish", transport_id, sdp, sources, request: transport_id }),
      onPublished: (source) => this.#options.onPublished(source),
    });
    this.#publisher = publisher;
    this.#recovery.publish = this.#watch("publish", publisher.pc, () => void publisher.restartIce(), () => this.#buildPublisher());
    void this.#publishAll(publisher, tracks);
  }

  /** @param {Publisher} publisher @param {[Source, MediaStreamTrack][]} tracks */
  async #publishAll(publisher, tracks) {
    for (const [source, track] of tracks) await publisher.setTrack(source, track);
    await publisher.negotiate();
    this.#recovery.publish?.start();
  }

  #buildSubscriber() {
    this.#closeSubscriber();
    const subscriber = new Subscriber({
      transportId: newTransportId("subscribe"),
      iceServers: this.#iceServers,
      answer: (transport_id, revision, sdp) => this.#answer(transport_id, revision, sdp),
      onTracks: (tracks) => this.#arrived(tracks),
      onFailed: () => this.#buildSubscriber(),
    });
    this.#subscriber = subscriber;
    const restart = () => this.#options.send({ type: "restart_ice", transport_id: subscriber.transportId });
    this.#recovery.subscribe = this.#watch("subscribe", subscriber.pc, restart, () => this.#buildSubscriber());
    this.#options.send({ type: "subscribe", transport_id: subscriber.transportId });
  }

  /** @param {string} transport_id @param {number} revision @param {string} sdp */
  #answer(transport_id, revision, sdp) {
    this.#options.send({ type: "subscribe_answer", transport_id, revision, sdp });
    this.#recovery.subscribe?.start();
  }

  /** @param {"publish" | "subscribe"} which @param {RTCPeerConnection} pc @param {() => void} restartIce @param {() => void} rebuild */
  #watch(which, pc, restartIce, rebuild) {
    const onChange = (/** @type {boolean} */ connected) => this.#report(which, connected);
    this.#report(which, true);
    return new Recovery({ pc, canTry: this.#options.canSend, restartIce, rebuild, onChange });
  }

  /** A new connection counts as up until it fails: it may have nothing to carry yet. @param {"publish" | "subscribe"} which @param {boolean} connected */
  #report(which, connected) {
    this.#down[which] = !connected;
    this.#options.onConnected(!this.#down.publish && !this.#down.subscribe);
  }

  #closePublisher() {
    this.#recovery.publish?.stop();
    this.#publisher?.close();
    this.#publisher = null;
  }

  #closeSubscriber() {
    this.#recovery.subscribe?.stop();
    this.#subscriber?.close();
    this.#subscriber = null;
  }
}

/** @param {string} kind @returns {string} new in every page and connection */
function newTransportId(kind) {
  return `${kind}-${crypto.randomUUID()}`;
}
