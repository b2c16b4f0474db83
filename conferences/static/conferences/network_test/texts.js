/**
 * The words of the network test. Pure.
 *
 * @import {CallFigures} from "./figures.js"
 * @import {Level, Measurements, Note} from "./verdict.js"
 */

import { format, gettext, integer, percent } from "../meeting/i18n.js";

/** @typedef {[name: string, value: string]} Row */
/** @typedef {{address: string, protocol: string, purpose: string}} Opening `address` with its port */

const UNKNOWN = "–";

/** @param {Level} level @returns {string} */
export function levelText(level) {
  const texts = {
    good: gettext("Your network is good for meetings with pictures."),
    limited: gettext("Meetings work here, but not at their best."),
    audio: gettext("Your network is good enough for sound. Switch cameras off in meetings."),
    none: gettext("Meetings do not work here as things are."),
    unknown: gettext("The network could not be tested."),
  };
  return texts[level];
}

/** @param {Level} level @returns {"good" | "warn" | "bad"} */
export function toneOf(level) {
  if (level === "good") return "good";
  return level === "none" ? "bad" : "warn";
}

/** @param {Note} note @returns {string} */
export function noteText(note) {
  const texts = {
    udp_blocked: gettext("UDP to LiveOn is blocked; meetings go over TCP. Expect pictures and sound that stop for moments when packets are lost. Your IT department can open UDP, see below."),
    only_relay: gettext("Neither UDP nor TCP to LiveOn's media ports is open; meetings go over the relay. Expect more delay. Your IT department can open the ports below."),
    tcp_blocked: gettext("UDP works. TCP, the way for networks without UDP, is blocked."),
    relay_blocked: gettext("The relay (TURN) cannot be reached."),
    media_blocked: gettext("No way to LiveOn's media ports is open. Your IT department has to open one of those below, best of all UDP."),
    no_picture: gettext("The way is open, but no picture came back. A firewall that inspects or limits UDP may be the reason."),
    slow_up: gettext("Little can be sent from here: others see you at a low quality."),
    slow_down: gettext("Little arrives here: you see others at a low quality."),
    loss: gettext("Many packets are lost. On Wi-Fi, go closer to the access point or use a cable."),
    delay: gettext("The way to LiveOn takes long: people will talk over each other. A VPN may be the reason."),
    jitter: gettext("Packets arrive unevenly: sound may crackle. Other downloads or a weak Wi-Fi may be the reason."),
    busy_device: gettext("This device is too busy to encode more. Close other programs; the bit rates may be higher then."),
    no_browser: gettext("This browser cannot take part in meetings. Use a current Chrome, Edge, Firefox or Safari over https."),
    no_socket: gettext("The signalling connection (WebSocket) does not come about. A proxy that does not pass WebSockets may be the reason."),
    hidden_page: gettext("The page was in the background during the test. Leave it in front and test again."),
    refused: gettext("The server does not take a test at the moment. Wait a few minutes, reload the page and try again."),
  };
  return texts[note];
}

/** @param {CallFigures} call @returns {Row[]} */
export function callRows({ upKbps, downKbps, lossPercent, roundTripMs, jitterMs, fps, protocol }) {
  return [
    [gettext("Sent from here"), bitrate(upKbps)],
    [gettext("Arrived here"), bitrate(downKbps)],
    [gettext("Loss"), percent(lossPercent / 100)],
    [gettext("Round trip"), milliseconds(roundTripMs)],
    [gettext("Jitter"), milliseconds(jitterMs)],
    [gettext("Frames per second"), integer(fps)],
    [gettext("Path"), protocol.toUpperCase() || UNKNOWN],
  ];
}

/**
 * What has to be open, for whoever configures the firewall.
 *
 * @param {{address: string, port: number, protocol: string}[]} addresses of the media workers
 * @param {RTCIceServer[]} iceServers
 * @param {URL} page
 * @returns {Opening[]}
 */
export function openings(addresses, iceServers, page) {
  const port = page.port || (page.protocol === "https:" ? "443" : "80");
  const site = { address: `${page.hostname}:${port}`, protocol: "TCP", purpose: gettext("Pages and signalling (HTTPS, WebSocket)") };
  const media = addresses.map(({ address, port: number, protocol }) => ({
    address: `${address.includes(":") ? `[${address}]` : address}:${number}`,
    protocol: protocol.toUpperCase(),
    purpose: protocol === "udp" ? gettext("Sound and pictures, best way") : gettext("Sound and pictures, without UDP"),
  }));
  return [site, ...media, ...iceServers.flatMap(({ urls }) => [urls].flat()).map(relayOpening)];
}

/** @param {string} url `turn:host:port?transport=udp` @returns {Opening} */
function relayOpening(url) {
  const [, scheme = "turn", address = url, port, transport = "udp"] = /^(turns?):(\[.*?\]|[^:?]+)(?::(\d+))?(?:\?transport=(\w+))?/.exec(url) ?? [];
  const secure = scheme === "turns";
  const where = `${address}:${port ?? (secure ? "5349" : "3478")}`;
  return { address: where, protocol: secure ? "TCP (TLS)" : transport.toUpperCase(), purpose: gettext("Relay (TURN)") };
}

/** @param {number | null} value @returns {string} */
export function milliseconds(value) {
  return value === null ? UNKNOWN : format(gettext("%(number)s ms"), { number: integer(value) });
}

/** @param {number} kbps */
function bitrate(kbps) {
  return format(gettext("%(number)s kbit/s"), { number: integer(kbps) });
}

/**
 * The report to keep or to send: all that was found, without anything secret.
 *
 * @param {{verdict: {level: Level, notes: Note[]}, measured: Measurements, steps: {name: string, state: string, detail: string}[],
 *   open: Opening[], about: Row[]}} result
 * @returns {string}
 */
export function reportText({ verdict, measured, steps, open, about }) {
  const rows = (/** @type {Row[]} */ shown) => shown.map(([name, value]) => `  ${name}: ${value}`);
  const blocks = [
    [gettext("Network test"), ...rows(about)],
    [gettext("Result"), `  ${levelText(verdict.level)}`, ...verdict.notes.map((note) => `  ${noteText(note)}`)],
    [gettext("Steps"), ...rows(steps.map(({ name, state, detail }) => [name, detail ? `${state} – ${detail}` : state]))],
    ...(measured.call ? [[gettext("Measured"), ...rows(callRows(measured.call))]] : []),
    [gettext("Addresses and ports"), ...open.map(({ address, protocol, purpose }) => `  ${protocol} ${address}: ${purpose}`)],
  ];
  return `${blocks.map((block) => block.join("\n")).join("\n\n")}\n`;
}
