/**
 * What a test call measured, from samples of getStats. Pure.
 *
 * @import {Entry} from "../meeting/media/stats.js"
 */

import { number, pathOf } from "../meeting/media/stats.js";

/**
 * @typedef {object} Sample totals at one moment
 * @property {number} at milliseconds
 * @property {number} sent bytes
 * @property {number} arrived bytes that came back
 * @property {number} received packets that came back
 * @property {number} lost packets on the way back
 * @property {number} lostUp share of packets that the server missed lately, 0…1
 * @property {number} frames decoded
 * @property {number | null} roundTripMs
 * @property {number} jitterMs of the sound
 * @property {string} protocol
 * @property {boolean} cpuLimited the device cannot encode more
 */

/** @typedef {{upKbps: number, downKbps: number, lossPercent: number, roundTripMs: number, jitterMs: number, fps: number,
 *   protocol: string, cpuLimited: boolean}} CallFigures */

/** The bit rate is the best over so many milliseconds: what comes before is the way up to it. */
const WINDOW_MS = 3_000;

/** @param {Entry[]} up @param {Entry[]} down @param {number} at milliseconds @returns {Sample} */
export function sampleOf(up, down, at) {
  const outbound = up.filter(({ type }) => type === "outbound-rtp");
  const inbound = down.filter(({ type }) => type === "inbound-rtp");
  const told = up.filter(({ type }) => type === "remote-inbound-rtp");
  const total = (/** @type {Entry[]} */ entries, /** @type {string} */ field) => entries.reduce((sum, entry) => sum + number(entry[field]), 0);
  const path = pathOf(up);
  return {
    at,
    sent: total(outbound, "bytesSent"),
    arrived: total(inbound, "bytesReceived"),
    received: total(inbound, "packetsReceived"),
    lost: total(inbound, "packetsLost"),
    lostUp: Math.max(0, ...told.map(({ fractionLost }) => number(fractionLost))),
    frames: total(inbound, "framesDecoded"),
    roundTripMs: path.roundTripMs,
    jitterMs: 1000 * Math.max(0, ...inbound.filter(({ kind }) => kind === "audio").map(({ jitter }) => number(jitter))),
    protocol: path.protocol,
    cpuLimited: outbound.some(({ qualityLimitationReason }) => qualityLimitationReason === "cpu"),
  };
}

/**
 * @param {Sample[]} samples in their order
 * @returns {CallFigures | null} null when nothing came back
 */
export function figuresOf(samples) {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.frames === 0) return null;
  const lost = Math.max(0, last.lost - first.lost);
  const expected = lost + last.received - first.received;
  const lossDown = expected > 0 ? lost / expected : 0;
  const lossUp = median(samples.map(({ lostUp }) => lostUp));
  return {
    upKbps: 8 * bestRate(samples, ({ sent }) => sent),
    downKbps: 8 * bestRate(samples, ({ arrived }) => arrived),
    lossPercent: 100 * Math.max(lossDown, lossUp),
    roundTripMs: median(samples.flatMap(({ roundTripMs }) => (roundTripMs === null ? [] : [roundTripMs]))),
    jitterMs: median(samples.map(({ jitterMs }) => jitterMs)),
    fps: 1000 * bestRate(samples, ({ frames }) => frames),
    protocol: last.protocol,
    cpuLimited: samples.slice(-4).some(({ cpuLimited }) => cpuLimited),
  };
}

/** The best rate over the window, per millisecond. @param {Sample[]} samples @param {(sample: Sample) => number} count */
function bestRate(samples, count) {
  const rates = samples.flatMap((from) => {
    const to = samples.find(({ at }) => at - from.at >= WINDOW_MS);
    return to ? [(count(to) - count(from)) / (to.at - from.at)] : [];
  });
  return Math.max(0, ...rates);
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
