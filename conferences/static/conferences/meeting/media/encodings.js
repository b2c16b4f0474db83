/** Which simulcast encodings a capture is sent in. Pure. */

/** Bits per second that VP8 needs for a picture of at least so many pixels at 15–30 frames a second, largest first. */
const BITRATES = [
  { pixels: 900_000, bitrate: 1_600_000 },
  { pixels: 400_000, bitrate: 1_000_000 },
  { pixels: 200_000, bitrate: 600_000 },
  { pixels: 100_000, bitrate: 350_000 },
  { pixels: 50_000, bitrate: 180_000 },
  { pixels: 0, bitrate: 120_000 },
];

const SCREEN_BITRATE = 2_500_000;
const SCREEN_FRAME_RATE = 15;

/** A capture that does not tell its size (Firefox: `canvas.captureStream`) is taken for this one. */
const ASSUMED_SIZE = { width: 640, height: 360 };

/**
 * How many layers a capture of this size is sent in. By the longer side, because browsers do not send the third layer of a small
 * picture at all.
 *
 * @param {{width?: number, height?: number}} size in pixels
 * @returns {1 | 2 | 3}
 */
export function layerCount(size) {
  const side = Math.max(size.width ?? ASSUMED_SIZE.width, size.height ?? ASSUMED_SIZE.height);
  if (side >= 960) return 3;
  return side >= 480 ? 2 : 1;
}

/**
 * Encodings of a camera, lowest first: browsers drop layers from the end when the bandwidth does not suffice.
 *
 * @param {{width?: number, height?: number}} size in pixels
 * @returns {RTCRtpEncodingParameters[]}
 */
export function cameraEncodings(size) {
  const layers = layerCount(size);
  if (layers === 1) return [{ maxBitrate: bitrateOf(size, 1) }];
  const plan = layers === 3 ? { low: 4, medium: 2, high: 1 } : { low: 2, high: 1 };
  return Object.entries(plan).map(([rid, divisor]) => ({
    rid,
    scaleResolutionDownBy: divisor,
    maxBitrate: bitrateOf(size, divisor),
  }));
}

/**
 * One sharp encoding: a screen is read, so it keeps its resolution and gives up frames.
 *
 * @returns {RTCRtpEncodingParameters[]}
 */
export function screenEncodings() {
  return [{ maxBitrate: SCREEN_BITRATE, maxFramerate: SCREEN_FRAME_RATE }];
}

/** @param {{width?: number, height?: number}} size @param {number} divisor @returns {number} */
function bitrateOf(size, divisor) {
  const { width = ASSUMED_SIZE.width, height = ASSUMED_SIZE.height } = size;
  const pixels = (width / divisor) * (height / divisor);
  return /** @type {{bitrate: number}} */ (BITRATES.find((step) => pixels >= step.pixels)).bitrate;
}
