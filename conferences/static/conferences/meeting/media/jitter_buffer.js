/**
 * How long a picture waits before it is shown. Where packets are lost, on the way to this browser or from its sender, the packet that is sent
 * again has to come in time, a round trip later: browsers that only receive do not know the round trip, show the next picture without it, and
 * stand still when that cannot be.
 *
 * @import {Entry} from "./stats.js"
 */

import { number } from "./stats.js";

const LOSSY = 0.02;
/** Of the frames: so many that were not shown came too late. */
const LATE = 0.04;
/** Beyond the round trip: until the gap is seen, with the next frame at the latest, and asked for. */
const MARGIN_MS = 80;
/** What a conversation bears (ITU-T G.114: 400 ms from mouth to ear, path included): farther away, some repairs come too late. */
const MOST_MS = 250;
const STEP_MS = 40;
const HOLD_MS = 30_000;

/** @typedef {{received: number, asked: number, lost: number, frames: number, dropped: number}} Counters */

export class JitterBuffer {
  /** @type {Counters | null} */
  #before = null;
  #lossyAt = -Infinity;
  /** @type {number | null} */
  #target = null;

  /**
   * @param {Entry} entry `inbound-rtp` of one video
   * @param {number | null} roundTripMs to the server; the one from there to the sender is not known
   * @param {number} now milliseconds
   * @returns {number | null} for its `jitterBufferTarget` (W3C WebRTC Extensions), in milliseconds; null leaves it to the browser
   */
  target(entry, roundTripMs, now) {
    const { missing, late } = this.#shares(entry);
    if (missing >= LOSSY) this.#lossyAt = now;
    const least = (roundTripMs ?? 0) + MARGIN_MS;
    this.#target = now - this.#lossyAt > HOLD_MS ? null : Math.min(MOST_MS, nextTarget(this.#target, least, late >= LATE));
    return this.#target;
  }

  /** Since the last call: what was missing of the packets, also if it has come since, and what was not shown of the frames. @param {Entry} entry */
  #shares(entry) {
    const count = countersOf(entry);
    const before = this.#before ?? count;
    this.#before = count;
    const missing = Math.max(count.asked - before.asked, count.lost - before.lost);
    return {
      missing: missing / Math.max(1, count.received - before.received),
      late: (count.dropped - before.dropped) / Math.max(1, count.frames - before.frames),
    };
  }
}

/** @param {number | null} present @param {number} least @param {boolean} isLate */
function nextTarget(present, least, isLate) {
  if (present === null) return least;
  if (isLate) return Math.max(present, least) + STEP_MS;
  return least - present >= STEP_MS ? least : present; // small changes are not worth a jerk
}

/** @param {Entry} entry @returns {Counters} */
function countersOf(entry) {
  return {
    received: number(entry.packetsReceived),
    asked: number(entry.nackCount),
    lost: number(entry.packetsLost),
    frames: number(entry.framesReceived),
    dropped: number(entry.framesDropped),
  };
}
