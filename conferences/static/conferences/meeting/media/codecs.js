/** Which codec a video is sent in. Pure. */

/**
 * What a transceiver is to prefer: the wanted codecs that this browser has, the best first, then VP8, which everybody has.
 *
 * @param {string[]} wanted names in lower case
 * @param {RTCRtpCodec[]} available what the browser both sends and receives
 * @returns {RTCRtpCodec[]}
 */
export function preferredCodecs(wanted, available) {
  const repairs = available.filter((codec) => nameOf(codec) === "rtx");
  const chosen = [...new Set([...wanted, "vp8"])].flatMap((name) => available.filter((codec) => nameOf(codec) === name));
  return chosen.length > 0 ? [...chosen, ...repairs] : [];
}

/** Whether a video goes out in layers: the SFU understands them of VP8 alone. @param {RTCRtpCodec[]} preferred @returns {boolean} */
export function isLayered(preferred) {
  return preferred.length === 0 || nameOf(preferred[0]) === "vp8";
}

/**
 * The video codecs of this browser, in every variant that it both sends and receives.
 *
 * @returns {RTCRtpCodec[]}
 */
export function videoCodecs() {
  const received = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const sent = new Set(RTCRtpSender.getCapabilities("video")?.codecs.map(variantOf));
  return received.filter((codec) => sent.has(variantOf(codec)));
}

/** @param {RTCRtpCodec} codec @returns {string} */
function nameOf(codec) {
  return codec.mimeType.split("/")[1].toLowerCase();
}

/** @param {RTCRtpCodec} codec @returns {string} */
function variantOf({ mimeType, sdpFmtpLine }) {
  return `${mimeType} ${sdpFmtpLine ?? ""}`.toLowerCase();
}
