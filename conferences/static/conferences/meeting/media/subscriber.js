/**
 * The subscribe connection: everybody else's tracks from the SFU. The server offers; offers are answered in the order they came.
 *
 * @import {Source, SubscribeOffer, Track} from "../signalling/messages.js"
 */

/** @typedef {{participant: string, source: Source, track: MediaStreamTrack, receiver: RTCRtpReceiver}} RemoteTrack */

/**
 * @typedef {object} SubscriberOptions
 * @property {string} transportId
 * @property {RTCIceServer[]} iceServers
 * @property {(transportId: string, revision: number, sdp: string) => void} answer sends an answer
 * @property {(tracks: RemoteTrack[]) => void} onTracks what arrives now, whole
 * @property {() => void} onFailed an offer could not be applied: only a new connection helps
 */

export class Subscriber {
  #options;
  #queue = Promise.resolve();
  #revision = 0;

  /** @param {SubscriberOptions} options */
  constructor(options) {
    this.#options = options;
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: options.iceServers });
  }

  get transportId() {
    return this.#options.transportId;
  }

  /** @param {SubscribeOffer} message */
  take(message) {
    if (message.transport_id !== this.transportId) return;
    this.#queue = this.#queue.then(() => this.#apply(message)).catch(() => this.#failed());
  }

  close() {
    this.pc.close();
  }

  /** @param {SubscribeOffer} message */
  async #apply(message) {
    if (this.pc.signalingState === "closed" || message.revision < this.#revision) return;
    this.#revision = message.revision;
    await this.pc.setRemoteDescription({ type: "offer", sdp: message.sdp });
    await this.pc.setLocalDescription();
    this.#options.answer(this.transportId, message.revision, this.pc.localDescription?.sdp ?? "");
    this.#options.onTracks(message.tracks.flatMap((track) => this.#remoteTrack(track)));
  }

  /** A connection that was closed meanwhile has nothing to complain about. */
  #failed() {
    if (this.pc.signalingState !== "closed") this.#options.onFailed();
  }

  /** @param {Track} track @returns {RemoteTrack[]} */
  #remoteTrack({ mid, participant, source }) {
    const transceiver = this.pc.getTransceivers().find((candidate) => candidate.mid === mid);
    return transceiver ? [{ participant, source, track: transceiver.receiver.track, receiver: transceiver.receiver }] : [];
  }
}
