/**
 * The statistics in words: what a tile gets and why it is not better. Pure.
 *
 * @import {DeliveredTile, Layer, Limit} from "../signalling/messages.js"
 * @import {LayerFigures, MeetingFigures, StreamFigures} from "../media/tile_stats.js"
 * @import {Path} from "../media/stats.js"
 * @import {State} from "../state/reducer.js"
 * @import {TileFace} from "../state/selectors.js"
 */

import { format, gettext, integer, percent } from "../i18n.js";
import { tilesOf } from "../state/selectors.js";

/** @typedef {[name: string, value: string]} Row */
/** @typedef {{key: string, title: string, anonymous: string, reason: string, rows: Row[]}} TileStatistics */

const UNKNOWN = "–";

/**
 * Every tile of the meeting, whether it is on the screen or not.
 *
 * @param {State} state
 * @param {MeetingFigures} figures
 * @returns {TileStatistics[]}
 */
export function tileStatistics(state, figures) {
  return tilesOf(state).map((face, index) => {
    const own = face.own ? ownTile(state, face, figures) : othersTile(state, face, figures);
    const anonymous = face.own ? gettext("Own picture") : format(gettext("Picture %(number)s"), { number: index + 1 });
    return { key: face.key, title: titleOf(face), anonymous: `${anonymous} (${sourceName(face.source)})`, ...own };
  });
}

/**
 * The connection as a whole.
 *
 * @param {State} state
 * @param {MeetingFigures} figures
 * @returns {Row[]}
 */
export function connectionRows({ delivery }, { up, down }) {
  const estimate = delivery?.estimateKbps ?? null;
  return [
    [gettext("Network towards you"), estimate === null ? UNKNOWN : bitrate(estimate)],
    [gettext("Path towards you"), pathText(down)],
    [gettext("Path from you"), pathText(up)],
  ];
}

/**
 * For a support request: the same figures, without anybody's name.
 *
 * @param {{rows: Row[], tiles: TileStatistics[], about: Row[]}} statistics
 * @returns {string}
 */
export function asText({ rows, tiles, about }) {
  const lines = (/** @type {Row[]} */ shown) => shown.map(([name, value]) => `  ${name}: ${value}`);
  const blocks = tiles.map(({ anonymous, reason, rows: shown }) => [anonymous, ...(reason ? [`  ${reason}`] : []), ...lines(shown)]);
  return [[gettext("Statistics"), ...lines(about)], [gettext("Connection"), ...lines(rows)], ...blocks].map((block) => block.join("\n")).join("\n\n");
}

/**
 * Why a picture of somebody else is not better.
 *
 * @param {Limit | null} limit
 * @returns {string}
 */
export function limitText(limit) {
  const texts = {
    network: gettext("Your connection does not carry a better picture."),
    paused: gettext("Paused: your connection does not carry this picture."),
    sender: gettext("The sender sends no better picture."),
    size: gettext("This tile is small. A larger one shows a better picture."),
    muted: gettext("Nothing is shown at the moment."),
  };
  return limit === null ? gettext("This is the best picture there is.") : texts[limit];
}

/**
 * Why one's own picture is not better.
 *
 * @param {LayerFigures[]} layers
 * @returns {string}
 */
export function sendingText(layers) {
  const limitations = layers.filter(({ active }) => active).map(({ limitation }) => limitation);
  if (limitations.includes("cpu")) return gettext("This device is too busy to send a better picture.");
  if (limitations.includes("bandwidth")) return gettext("Your connection does not carry a better picture from you.");
  if (!layers.at(-1)?.active) return gettext("Nobody needs a better picture from you at the moment.");
  return gettext("Your picture is sent as well as your camera gives it.");
}

/** @param {State} state @param {TileFace} face @param {MeetingFigures} figures @returns {{reason: string, rows: Row[]}} */
function ownTile(state, { source }, { sent, up }) {
  const layers = sent.get(source) ?? [];
  if (!state.own[source] || layers.length === 0) return { reason: gettext("You send no picture."), rows: [] };
  const best = /** @type {LayerFigures} */ (layers.at(-1));
  const rows = layers.map((layer) => /** @type {Row} */ ([layerName(layer.layer), layerText(layer)]));
  const worst = layers.reduce((most, { lossPercent }) => Math.max(most, lossPercent), 0);
  return { reason: sendingText(layers), rows: [...rows, ...qualityRows({ ...best, lossPercent: worst }, up)] };
}

/** @param {State} state @param {TileFace} face @param {MeetingFigures} figures @returns {{reason: string, rows: Row[]}} */
function othersTile({ delivery, frozen }, { key, participant, source }, { received, down }) {
  if (participant.muted[source] || frozen) return { reason: limitText("muted"), rows: [] };
  const tile = delivery?.tiles.find((one) => `${one.participant}/${one.source}` === key);
  const figures = received.get(key);
  if (delivery && !tile) return { reason: gettext("Not on your screen, so it is not sent to you."), rows: [] };
  const isKnown = tile && (tile.limited_by !== null || tile.layer !== null);
  const reason = isKnown ? limitText(tile.limited_by) : "";
  if (!figures) return { reason, rows: [] };
  const rows = /** @type {Row[]} */ ([
    [gettext("Size"), sizeText(figures)],
    [gettext("Bit rate"), bitrate(figures.kbps)],
    [gettext("Layer"), tile ? layerOfMany(tile) : UNKNOWN],
  ]);
  return { reason, rows: [...rows, ...qualityRows(figures, down)] };
}

/** @param {StreamFigures} figures @param {Path} path @returns {Row[]} */
function qualityRows({ lossPercent, jitterMs, codec }, { roundTripMs, cipher }) {
  return [
    [gettext("Loss"), percent(lossPercent / 100)],
    [gettext("Round trip"), milliseconds(roundTripMs)],
    [gettext("Jitter"), milliseconds(jitterMs)],
    [gettext("Codec"), codec || UNKNOWN],
    [gettext("Encryption"), cipher || UNKNOWN],
  ];
}

/** @param {DeliveredTile} tile */
function layerOfMany({ layer, layers }) {
  if (layer === null) return UNKNOWN;
  const values = { name: layerName(layer), number: layers.indexOf(layer) + 1, count: layers.length };
  return format(gettext("%(name)s (%(number)s of %(count)s)"), values);
}

/** @param {LayerFigures} layer */
function layerText(layer) {
  if (!layer.active) return gettext("off: nobody needs it");
  return layer.fps === 0 ? gettext("not sent") : `${sizeText(layer)}, ${bitrate(layer.kbps)}`;
}

/** @param {string} layer @returns {string} */
function layerName(layer) {
  const names = /** @type {Record<string, string>} */ ({ low: gettext("Low"), medium: gettext("Medium"), high: gettext("High") });
  return names[layer] ?? layer;
}

/** @param {StreamFigures} figures */
function sizeText({ width, height, fps }) {
  if (width === 0 || fps === null) return UNKNOWN;
  return format(gettext("%(width)s × %(height)s, %(fps)s frames/s"), { width, height, fps: integer(fps) });
}

/** @param {Path} path */
function pathText({ roundTripMs, protocol, cipher }) {
  return protocol === "" ? UNKNOWN : [protocol.toUpperCase(), milliseconds(roundTripMs), cipher || UNKNOWN].join(", ");
}

/** @param {number | null} kbps */
function bitrate(kbps) {
  return kbps === null ? UNKNOWN : format(gettext("%(number)s kbit/s"), { number: integer(kbps) });
}

/** @param {number | null} value */
function milliseconds(value) {
  return value === null ? UNKNOWN : format(gettext("%(number)s ms"), { number: integer(value) });
}

/** @param {TileFace} face */
function titleOf({ participant, source, own }) {
  const name = own ? format(gettext("%(name)s (you)"), { name: participant.name }) : participant.name;
  return source === "screen" ? format(gettext("Screen of %(name)s"), { name }) : name;
}

/** @param {"camera" | "screen"} source */
function sourceName(source) {
  return source === "screen" ? gettext("screen") : gettext("camera");
}
