/**
 * Which simulcast encodings a capture is sent in, and which of them at the moment. Pure.
 *
 * @import {Layer, Source} from "../signalling/messages.js"
 */

/** @typedef {{pixels: number, bitrate: number}} Step bits per second for a picture of at least so many pixels */

/** What VP8 needs for a camera at 15–30 frames a second, largest first. @type {Step[]} */
const CAMERA_STEPS = [
  { pixels: 900_000, bitrate: 1_600_000 },
  { pixels: 400_000, bitrate: 1_000_000 },
  { pixels: 200_000, bitrate: 600_000 },
  { pixels: 100_000, bitrate: 350_000 },
  { pixels: 50_000, bitrate: 180_000 },
  { pixels: 0, bitrate: 120_000 },
];

/** What it needs for a screen at 15 frames a second; the worker's limit is BITS_PER_SECOND of media_sfu/publication.py. @type {Step[]} */
const SCREEN_STEPS = [
  { pixels: 5_000_000, bitrate: 6_000_000 },
  { pixels: 3_000_000, bitrate: 4_000_000 },
  { pixels: 1_500_000, bitrate: 2_500_000 },
  { pixels: 700_000, bitrate: 1_500_000 },
  { pixels: 0, bitrate: 900_000 },
];

const SCREEN_FRAME_RATE = 15;

/** The low layer of a screen, for phones and narrow links: at most so wide, at most half of the high one. */
const SMALL_SCREEN = { side: 1280, frameRate: 5 };

/** Music, in stereo. */
const SCREEN_AUDIO_BITRATE = 128_000;

/** A capture that does not tell its size (Firefox: `canvas.captureStream`) is taken for this one. */
const ASSUMED_SIZE = { width: 640, height: 360 };

/** Names of the layers of a track in so many of them. @type {Record<number, readonly Layer[]>} */
const LAYERS = { 1: ["high"], 2: ["low", "high"], 3: ["low", "medium", "high"] };

/** @typedef {{width?: number, height?: number}} Size in pixels */

/**
 * The encodings of a track, lowest first: browsers drop layers from the end when the bandwidth does not suffice.
 *
 * @param {Source} source
 * @param {Size} size
 * @param {{layeredScreen: boolean}} browser whether it sends a screen in more than one layer
 * @returns {RTCRtpEncodingParameters[]}
 */
export function encodingsOf(source, size, { layeredScreen }) {
  if (source === "camera") return cameraEncodings(size);
  if (source === "screen") return screenEncodings(size, layeredScreen);
  return source === "screen_audio" ? [{ maxBitrate: SCREEN_AUDIO_BITRATE }] : [{}];
}

/**
 * The best layer alone, for codecs that go out in a single stream.
 *
 * @param {RTCRtpEncodingParameters[]} layers
 * @returns {RTCRtpEncodingParameters[]}
 */
export function singleStream(layers) {
  const { rid, scaleResolutionDownBy, ...best } = /** @type {RTCRtpEncodingParameters} */ (layers.at(-1));
  return [/** @type {RTCRtpEncodingParameters} */ ({ ...best, scalabilityMode: "L1T1" })];
}

/**
 * Whether this browser sends a screen in two layers. Firefox sends the first encoding of a screen and no other (it "only allows one
 * layer when screensharing"), so it is given the large one alone.
 *
 * @param {string} userAgent
 * @returns {boolean}
 */
export function layersScreens(userAgent) {
  return !userAgent.includes("Firefox/");
}

/**
 * The parameters of a sender with these encodings, of which those are active whose layer is wanted.
 *
 * @template {RTCRtpSendParameters & {degradationPreference?: string}} Parameters
 * @param {Parameters} parameters as the sender gave them
 * @param {RTCRtpEncodingParameters[]} encodings
 * @param {{source: Source, layers: readonly Layer[] | undefined}} wanted layers; undefined: all
 * @returns {Parameters}
 */
export function adjusted(parameters, encodings, { source, layers }) {
  const names = LAYERS[parameters.encodings.length] ?? [];
  const changed = parameters.encodings.map((present, index) => {
    const active = layers === undefined || layers.includes(/** @type {Layer} */ (names[index]));
    return { ...present, ...encodings[index], active };
  });
  // A screen is read: it keeps its resolution and gives up frames. Browsers that do not know the field go by the content hint.
  const preference = source === "screen" ? { degradationPreference: "maintain-resolution" } : {};
  return { ...parameters, ...preference, encodings: changed };
}

/**
 * By the longer side, because browsers do not send the third layer of a small picture at all.
 *
 * @param {Size} size
 * @returns {RTCRtpEncodingParameters[]}
 */
export function cameraEncodings(size) {
  const side = longerSide(size);
  if (side >= 960) return layered(size, [4, 2, 1]);
  return layered(size, side >= 480 ? [2, 1] : [1]);
}

/** @param {Size} size @param {number[]} divisors lowest layer first @returns {RTCRtpEncodingParameters[]} */
function layered(size, divisors) {
  const names = /** @type {readonly Layer[]} */ (LAYERS[divisors.length]);
  return divisors.map((divisor, index) => {
    const encoding = { scaleResolutionDownBy: divisor, maxBitrate: bitrateOf(CAMERA_STEPS, size, divisor) };
    return divisors.length > 1 ? { rid: names[index], ...encoding } : encoding;
  });
}

/** @param {Size} size @param {boolean} mayLayer @returns {RTCRtpEncodingParameters[]} */
function screenEncodings(size, mayLayer) {
  const high = { scaleResolutionDownBy: 1, maxBitrate: bitrateOf(SCREEN_STEPS, size, 1), maxFramerate: SCREEN_FRAME_RATE };
  const side = longerSide(size);
  if (!mayLayer || side < 960) return [high];
  const divisor = Math.max(2, side / SMALL_SCREEN.side);
  const { frameRate } = SMALL_SCREEN;
  const maxBitrate = Math.round((bitrateOf(SCREEN_STEPS, size, divisor) * frameRate) / SCREEN_FRAME_RATE);
  return [{ rid: "low", scaleResolutionDownBy: divisor, maxBitrate, maxFramerate: frameRate }, { rid: "high", ...high }];
}

/** @param {Size} size @returns {number} */
function longerSide({ width, height }) {
  return Math.max(width ?? ASSUMED_SIZE.width, height ?? ASSUMED_SIZE.height);
}

/** @param {Step[]} steps @param {Size} size @param {number} divisor @returns {number} */
function bitrateOf(steps, size, divisor) {
  const { width = ASSUMED_SIZE.width, height = ASSUMED_SIZE.height } = size;
  const pixels = (width / divisor) * (height / divisor);
  return /** @type {Step} */ (steps.find((step) => pixels >= step.pixels)).bitrate;
}
