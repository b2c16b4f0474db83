/**
 * Reads getStats of both connections: the person's own figures, and which videos stand still.
 *
 * @import {Source} from "../signalling/messages.js"
 * @import {RemoteTrack} from "./subscriber.js"
 */

/**
 * @typedef {object} Figures
 * @property {number} sendKbps
 * @property {number} receiveKbps
 * @property {number | null} roundTripMs of the path in use; null before it is known
 * @property {number} lossPercent of received packets since the last reading
 * @property {string} protocol `udp`, `tcp` or ""
 * @property {string} cipher SRTP cipher suite, or "" before the handshake
 */

/** @typedef {Pick<Figures, "roundTripMs" | "protocol" | "cipher">} Path */
/** @typedef {{bytesOut: number, bytesIn: number, received: number, lost: number, at: number}} Counters */
/** @typedef {Record<string, unknown> & {id: string, type: string}} Entry */

export class StatsReader {
  /** @type {Counters | null} */
  #last = null;

  /**
   * @param {RTCPeerConnection | null} publish
   * @param {RTCPeerConnection | null} subscribe
   * @param {number} now milliseconds
   * @returns {Promise<Figures>} rates since the last call
   */
  async read(publish, subscribe, now) {
    const sent = await entriesOf(publish);
    const received = await entriesOf(subscribe);
    const counters = count(sent, received, now);
    const before = this.#last ?? counters;
    this.#last = counters;
    const path = sent.length > 0 ? sent : received;
    return { ...rates(before, counters), ...pathOf(path) };
  }
}

/**
 * Keys (`participant/source`) of the videos of which no frame arrived between two readings.
 *
 * @param {Map<string, number>} before frames received by key
 * @param {Map<string, number>} after
 * @returns {string[]}
 */
export function stalledVideos(before, after) {
  return [...after].filter(([key, frames]) => before.get(key) === frames).map(([key]) => key);
}

/**
 * Frames received so far of each video, by key (`participant/source`).
 *
 * @param {RemoteTrack[]} tracks
 * @returns {Promise<Map<string, number>>}
 */
export async function framesReceived(tracks) {
  const videos = tracks.filter(({ track }) => track.kind === "video");
  const counted = await Promise.all(
    videos.map(async ({ participant, source, receiver }) => {
      const inbound = [...(await receiver.getStats()).values()].find((entry) => entry.type === "inbound-rtp");
      return /** @type {[string, number]} */ ([`${participant}/${source}`, number(inbound?.framesReceived)]);
    }),
  );
  return new Map(counted);
}

/** @param {RTCPeerConnection | null} pc @returns {Promise<Entry[]>} */
export async function entriesOf(pc) {
  if (!pc || pc.connectionState === "closed") return [];
  return [...(await pc.getStats()).values()];
}

/** The figures of what a receiver's video gets. @param {Entry[]} entries @param {Pick<MediaStreamTrack, "id">} track */
export function inboundVideo(entries, track) {
  return entries.find(({ type, kind, trackIdentifier }) => type === "inbound-rtp" && kind === "video" && trackIdentifier === track.id);
}

/** @param {Entry[]} sent @param {Entry[]} received @param {number} now @returns {Counters} */
function count(sent, received, now) {
  const outbound = sent.filter(({ type }) => type === "outbound-rtp");
  const inbound = received.filter(({ type }) => type === "inbound-rtp");
  return {
    bytesOut: sum(outbound, "bytesSent"),
    bytesIn: sum(inbound, "bytesReceived"),
    received: sum(inbound, "packetsReceived"),
    lost: sum(inbound, "packetsLost"),
    at: now,
  };
}

/** @param {Counters} before @param {Counters} after */
function rates(before, after) {
  const milliseconds = Math.max(1, after.at - before.at);
  const lost = Math.max(0, after.lost - before.lost);
  const expected = lost + Math.max(0, after.received - before.received);
  return {
    sendKbps: Math.max(0, ((after.bytesOut - before.bytesOut) * 8) / milliseconds),
    receiveKbps: Math.max(0, ((after.bytesIn - before.bytesIn) * 8) / milliseconds),
    lossPercent: expected > 0 ? (100 * lost) / expected : 0,
  };
}

/** @param {Entry[]} entries of one connection @returns {Path} */
export function pathOf(entries) {
  const pair = entries.find((entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded");
  const local = entries.find(({ id }) => id === pair?.localCandidateId);
  const transport = entries.find(({ type }) => type === "transport");
  const seconds = pair?.currentRoundTripTime;
  return {
    roundTripMs: typeof seconds === "number" ? Math.round(seconds * 1000) : null,
    protocol: typeof local?.protocol === "string" ? local.protocol : "",
    cipher: typeof transport?.srtpCipher === "string" ? transport.srtpCipher : "",
  };
}

/** @param {Entry[]} entries @param {string} field */
function sum(entries, field) {
  return entries.reduce((total, entry) => total + number(entry[field]), 0);
}

/** @param {unknown} value */
export function number(value) {
  return typeof value === "number" ? value : 0;
}
