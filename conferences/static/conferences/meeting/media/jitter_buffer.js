/**
 * How long pictures wait before they are shown. On a path that loses packets the one that is sent again has to come in time, a round trip
 * later: browsers that only receive do not know the round trip, show the next picture without it, and stand still when that cannot be.
 *
 * @import {Figures} from "./stats.js"
 */

const LOSSY_PERCENT = 2;
/** Beyond the round trip: until the gap is seen, with the next frame at the latest, and asked for. */
const MARGIN_MS = 80;
/** What a conversation bears (ITU-T G.114: 400 ms from mouth to ear, path included): farther away, some repairs come too late. */
const MOST_MS = 250;
const STEP_MS = 40;
const HOLD_MS = 30_000;

export class JitterBuffer {
  #lossyAt = -Infinity;
  /** @type {number | null} */
  #target = null;

  /**
   * @param {Pick<Figures, "lossPercent" | "roundTripMs">} figures of the subscribe connection, since the last call
   * @param {number} now milliseconds
   * @returns {number | null} for `jitterBufferTarget` (W3C WebRTC Extensions) of every video, in milliseconds; null leaves it to the browser
   */
  target({ lossPercent, roundTripMs }, now) {
    if (lossPercent >= LOSSY_PERCENT) this.#lossyAt = now;
    if (now - this.#lossyAt > HOLD_MS) return (this.#target = null);
    const wanted = Math.min(MOST_MS, (roundTripMs ?? 0) + MARGIN_MS);
    if (this.#target === null || Math.abs(wanted - this.#target) >= STEP_MS) this.#target = wanted;
    return this.#target;
  }
}
