/**
 * Whether one way to the media server stands: a connection that may take no other.
 *
 * @import {Signal} from "./signal.js"
 */

import { entriesOf, pathOf } from "../meeting/media/stats.js";
import { onlyProtocol } from "./candidates.js";

const CONNECT_MS = 8_000;

/** @typedef {{protocol: "udp" | "tcp"} | {relay: RTCIceServer}} Way */
/** @typedef {{ok: boolean, roundTripMs: number | null}} PathResult */

/**
 * @param {Signal} signal
 * @param {MediaStreamTrack} track something to send
 * @param {Way} way
 * @returns {Promise<PathResult>}
 */
export async function tryPath(signal, track, way) {
  const relayed = "relay" in way;
  const pc = new RTCPeerConnection({
    bundlePolicy: "max-bundle",
    iceServers: relayed ? [way.relay] : [],
    iceTransportPolicy: relayed ? "relay" : "all",
  });
  try {
    const transceiver = pc.addTransceiver(track, { direction: "sendonly" });
    await pc.setLocalDescription();
    const answer = await signal.publish(`publish-${crypto.randomUUID()}`, pc.localDescription?.sdp ?? "", { [transceiver.mid ?? ""]: "microphone" });
    await pc.setRemoteDescription({ type: "answer", sdp: relayed ? answer.sdp : onlyProtocol(answer.sdp, way.protocol) });
    const ok = await stands(pc, CONNECT_MS);
    return { ok, roundTripMs: ok ? await roundTripOf(pc) : null };
  } finally {
    pc.close();
  }
}

/** Browsers tell it a moment after the connection stands. @param {RTCPeerConnection} pc @returns {Promise<number | null>} */
async function roundTripOf(pc) {
  for (let tries = 0; tries < 20; tries += 1) {
    const { roundTripMs } = pathOf(await entriesOf(pc));
    if (roundTripMs !== null) return roundTripMs;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

/**
 * @param {RTCPeerConnection} pc
 * @param {number} patience milliseconds
 * @returns {Promise<boolean>} whether it is connected before that
 */
export function stands(pc, patience) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), patience);
    const look = () => {
      if (pc.connectionState !== "connected" && pc.connectionState !== "failed") return;
      clearTimeout(timer);
      resolve(pc.connectionState === "connected");
    };
    pc.addEventListener("connectionstatechange", look);
    look();
  });
}
