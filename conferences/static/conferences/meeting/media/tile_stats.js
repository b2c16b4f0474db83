/**
 * What arrives in each tile and what this participant sends in each layer, from getStats of both connections.
 *
 * @import {Source} from "../signalling/messages.js"
 * @import {RemoteTrack} from "./subscriber.js"
 * @import {Entry, Path} from "./stats.js"
 */

import { entriesOf, inboundVideo, number, pathOf } from "./stats.js";

/**
 * @typedef {object} StreamFigures
 * @property {number} width 0 before the first frame
 * @property {number} height
 * @property {number | null} fps frames decoded or encoded per second since the last reading; null in the first one
 * @property {number | null} kbps the same
 * @property {number} lossPercent
 * @property {number | null} jitterMs null where the browser does not tell
 * @property {string} codec `VP8`, or "" before it is known
 */

/** @typedef {StreamFigures & {layer: string, active: boolean, limitation: string}} LayerFigures */

/**
 * @typedef {object} MeetingFigures
 * @property {Map<string, StreamFigures>} received by the tile's key (`participant/source`)
 * @property {Map<Source, LayerFigures[]>} sent pictures, each with its layers, lowest first
 * @property {Path} up
 * @property {Path} down
 */

/**
 * @typedef {object} Connections
 * @property {RTCPeerConnection | null} publish
 * @property {RTCPeerConnection | null} subscribe
 * @property {RemoteTrack[]} remote
 * @property {(source: Source) => MediaStreamTrack | null} own
 */

/** @typedef {Pick<StreamFigures, "fps" | "kbps" | "lossPercent">} Rates */
/** @typedef {{bytes: number, frames: number, received: number, lost: number, at: number}} Counters */

const PICTURES = /** @type {const} */ (["camera", "screen"]);

export class TileStatsReader {
  /** @type {Map<unknown, Counters>} by SSRC */
  #before = new Map();

  /**
   * @param {Connections} connections
   * @param {number} now milliseconds
   * @returns {Promise<MeetingFigures>} rates since the last call
   */
  async read({ publish, subscribe, remote, own }, now) {
    const [up, down] = [await entriesOf(publish), await entriesOf(subscribe)];
    /** @type {Map<unknown, Counters>} */
    const after = new Map();
    const rates = (/** @type {Entry} */ entry) => ratesOf(entry, this.#before, after, now);
    const received = receivedOf(down, remote, rates);
    /** @type {Map<Source, LayerFigures[]>} */
    const sent = new Map();
    for (const source of PICTURES) {
      const track = own(source);
      // A source that changed its codec has left an inactive transceiver with the same track.
      const sender = publish?.getTransceivers().find((each) => track !== null && each.sender.track === track && each.direction === "sendonly")?.sender;
      if (sender) sent.set(source, layersOf(await entriesFrom(sender), sender.getParameters().encodings ?? [], rates));
    }
    this.#before = after;
    return { received, sent, up: pathOf(up), down: pathOf(down) };
  }
}

/**
 * @param {Entry[]} entries of the subscribe connection
 * @param {Pick<RemoteTrack, "participant" | "source" | "track">[]} remote
 * @param {(entry: Entry) => Rates} rates
 * @returns {Map<string, StreamFigures>}
 */
export function receivedOf(entries, remote, rates) {
  const found = remote.flatMap(({ participant, source, track }) => {
    const entry = inboundVideo(entries, track);
    const figures = entry && { ...picture(entry, entries), ...rates(entry), jitterMs: milliseconds(entry.jitter) };
    return figures ? [/** @type {[string, StreamFigures]} */ ([`${participant}/${source}`, figures])] : [];
  });
  return new Map(found);
}

/**
 * @param {Entry[]} entries of one sender
 * @param {RTCRtpEncodingParameters[]} encodings lowest first
 * @param {(entry: Entry) => Rates} rates
 * @returns {LayerFigures[]}
 */
export function layersOf(entries, encodings, rates) {
  const outbound = entries.filter(({ type }) => type === "outbound-rtp");
  return encodings.flatMap(({ rid, active }) => {
    const entry = outbound.find((one) => (one.rid ?? "") === (rid ?? "")) ?? (encodings.length === 1 ? outbound[0] : undefined);
    if (!entry) return [];
    const remote = entries.find(({ type, localId }) => type === "remote-inbound-rtp" && localId === entry.id);
    return [
      {
        ...picture(entry, entries),
        ...rates(entry),
        layer: rid || "high",
        active: active !== false,
        limitation: typeof entry.qualityLimitationReason === "string" ? entry.qualityLimitationReason : "",
        lossPercent: 100 * number(remote?.fractionLost),
        jitterMs: milliseconds(remote?.jitter),
      },
    ];
  });
}

/**
 * @param {Entry} entry of one stream
 * @param {Map<unknown, Counters>} before
 * @param {Map<unknown, Counters>} after takes what the stream has counted by now
 * @param {number} now milliseconds
 * @returns {Rates}
 */
export function ratesOf(entry, before, after, now) {
  const count = {
    bytes: number(entry.bytesReceived ?? entry.bytesSent),
    frames: number(entry.framesDecoded ?? entry.framesEncoded),
    received: number(entry.packetsReceived),
    lost: number(entry.packetsLost),
    at: now,
  };
  after.set(entry.ssrc, count);
  const last = before.get(entry.ssrc);
  if (!last) return { fps: null, kbps: null, lossPercent: 0 };
  const elapsed = Math.max(1, now - last.at);
  const lost = Math.max(0, count.lost - last.lost);
  const expected = lost + Math.max(0, count.received - last.received);
  return {
    fps: Math.max(0, ((count.frames - last.frames) * 1000) / elapsed),
    kbps: Math.max(0, ((count.bytes - last.bytes) * 8) / elapsed),
    lossPercent: expected > 0 ? (100 * lost) / expected : 0,
  };
}

/** @param {Entry} entry @param {Entry[]} entries */
function picture(entry, entries) {
  const codec = entries.find(({ id }) => id === entry.codecId)?.mimeType;
  return {
    width: number(entry.frameWidth),
    height: number(entry.frameHeight),
    codec: typeof codec === "string" ? codec.replace(/^\w+\//, "") : "",
  };
}

/** @param {RTCRtpSender} sender @returns {Promise<Entry[]>} */
async function entriesFrom(sender) {
  return [...(await sender.getStats()).values()];
}

/** @param {unknown} seconds */
function milliseconds(seconds) {
  return typeof seconds === "number" ? seconds * 1000 : null;
}
