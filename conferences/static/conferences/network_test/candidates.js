/** Which way a connection may take, said by what its description offers. Pure. */

/**
 * The description without the candidates of the other protocol.
 *
 * @param {string} sdp
 * @param {"udp" | "tcp"} protocol
 * @returns {string}
 */
export function onlyProtocol(sdp, protocol) {
  const isOther = (/** @type {string} */ line) => line.startsWith("a=candidate:") && line.split(" ")[2]?.toLowerCase() !== protocol;
  return sdp.split("\r\n").filter((line) => !isOther(line)).join("\r\n");
}

/**
 * Each TURN address by itself, so that each is tried.
 *
 * @param {RTCIceServer[]} iceServers
 * @returns {RTCIceServer[]}
 */
export function eachRelay(iceServers) {
  return iceServers.flatMap((server) => [server.urls].flat().map((url) => ({ ...server, urls: url })));
}
