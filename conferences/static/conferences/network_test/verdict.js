/**
 * From what was measured to what a person should know. Pure.
 *
 * @import {CallFigures} from "./figures.js"
 * @import {PathResult} from "./paths.js"
 */

/**
 * @typedef {object} Measurements
 * @property {boolean} browser it can take part in meetings
 * @property {{ok: boolean, roundTripMs: number | null, refused: string}} socket `refused`: an error's code, "" when the test was admitted
 * @property {boolean} hidden the page was in the background, where browsers slow down what it sends
 * @property {PathResult | null} udp null: not tried
 * @property {PathResult | null} tcp
 * @property {(PathResult & {url: string})[]} relays
 * @property {CallFigures | null} call
 */

/** @typedef {"good" | "limited" | "audio" | "none" | "unknown"} Level */
/** @typedef {"udp_blocked" | "only_relay" | "tcp_blocked" | "relay_blocked" | "media_blocked" | "no_picture" | "slow_up" | "slow_down" | "loss" | "delay" | "jitter"
 *   | "busy_device" | "no_browser" | "no_socket" | "refused" | "hidden_page"} Note */
/** @typedef {{level: Level, notes: Note[]}} Verdict */

/** Below `fair` it is a hindrance, below `poor` only sound is left. */
const UP_KBPS = { fair: 600, poor: 150 };
const DOWN_KBPS = { fair: 600, poor: 150 };
/** One layer of what was sent comes back: less than this share of it, and the way back carries less than there was. */
const BACK_SHARE = 0.45;
const LOSS_PERCENT = { fair: 3, poor: 15 };
const ROUND_TRIP_MS = { fair: 300, poor: 800 };
const JITTER_MS = { fair: 50, poor: 200 };

/** @param {Measurements} measured @returns {Verdict} */
export function verdictOf({ browser, socket, hidden, udp, tcp, relays, call }) {
  if (!browser) return { level: "none", notes: ["no_browser"] };
  if (!socket.ok) return { level: "none", notes: ["no_socket"] };
  if (socket.refused) return { level: "unknown", notes: ["refused"] };
  const ways = waysOf(udp, tcp, relays);
  if (ways.includes("media_blocked")) return { level: "none", notes: ways };
  if (!call) return { level: "none", notes: [...ways, "no_picture"] };
  if (hidden) return { level: "unknown", notes: [...ways, "hidden_page"] };
  const hindrances = hindrancesOf(call);
  const poor = hindrances.some(([, isPoor]) => isPoor);
  const notes = [...ways, ...hindrances.map(([note]) => note), ...(call.cpuLimited ? [/** @type {Note} */ ("busy_device")] : [])];
  const isFine = hindrances.length === 0 && udp?.ok;
  return { level: poor ? "audio" : isFine ? "good" : "limited", notes };
}

/** @param {PathResult | null} udp @param {PathResult | null} tcp @param {PathResult[]} relays @returns {Note[]} */
function waysOf(udp, tcp, relays) {
  /** @type {Note[]} */
  const notes = [];
  const relayed = relays.some(({ ok }) => ok);
  if (!udp?.ok && !tcp?.ok) notes.push(relayed ? "only_relay" : "media_blocked");
  else if (!udp?.ok) notes.push("udp_blocked");
  else if (!tcp?.ok) notes.push("tcp_blocked");
  if (relays.length > 0 && !relayed) notes.push("relay_blocked");
  return notes;
}

/** What is not as it should be, and whether it leaves only sound. @param {CallFigures} call @returns {[Note, boolean][]} */
function hindrancesOf({ upKbps, downKbps, lossPercent, roundTripMs, jitterMs, cpuLimited }) {
  const missesDown = downKbps < BACK_SHARE * upKbps;
  /** @type {[Note, boolean, boolean][]} */
  const judged = [
    ["slow_up", !cpuLimited && upKbps < UP_KBPS.fair, upKbps < UP_KBPS.poor], // a busy device says nothing about the network
    ["slow_down", missesDown && downKbps < DOWN_KBPS.fair, downKbps < DOWN_KBPS.poor],
    ["loss", lossPercent >= LOSS_PERCENT.fair, lossPercent >= LOSS_PERCENT.poor],
    ["delay", roundTripMs >= ROUND_TRIP_MS.fair, roundTripMs >= ROUND_TRIP_MS.poor],
    ["jitter", jitterMs >= JITTER_MS.fair, jitterMs >= JITTER_MS.poor],
  ];
  return judged.filter(([, isThere]) => isThere).map(([note, , isPoor]) => [note, isPoor]);
}
