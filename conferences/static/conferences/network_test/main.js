/**
 * The network test: step by step, then the result. The only module here that acts on import.
 *
 * @import {Begun} from "./signal.js"
 * @import {Measurements} from "./verdict.js"
 */

import { obstacle } from "../join/problems.js";
import { gettext } from "../meeting/i18n.js";
import { element, part } from "../meeting/ui/dom.js";
import { callOneself } from "./call.js";
import { eachRelay } from "./candidates.js";
import { devicesText } from "./devices.js";
import { figuresOf } from "./figures.js";
import { tryPath } from "./paths.js";
import { Refused, Signal } from "./signal.js";
import { Steps } from "./steps.js";
import { synthetic } from "./synthetic.js";
import { callRows, levelText, milliseconds, noteText, openings, reportText, toneOf } from "./texts.js";
import { verdictOf } from "./verdict.js";

/** @type {{websocket: string, ticket: string | null, has_relays: boolean}} */
const data = JSON.parse(document.getElementById("test-data")?.textContent ?? "");
const steps = new Steps(part("steps", HTMLElement), part("progress", HTMLElement));
const start = part("start", HTMLButtonElement);
const result = part("result", HTMLElement);
const PINGS = 5;

/** @returns {[string, string][]} */
function stepNames() {
  const relay = /** @type {[string, string][]} */ (data.has_relays ? [["relay", gettext("Relay (TURN)")]] : []);
  return [
    ["browser", gettext("Browser")],
    ["devices", gettext("Camera and microphone")],
    ["socket", gettext("Signalling (WebSocket)")],
    ["udp", gettext("Media over UDP")],
    ["tcp", gettext("Media over TCP")],
    ...relay,
    ["call", gettext("Test call")],
  ];
}

async function test() {
  start.disabled = true;
  result.hidden = true;
  steps.list(stepNames());
  const media = synthetic();
  /** @type {Measurements} */
  const measured = { browser: true, socket: { ok: false, roundTripMs: null, refused: "" }, hidden: document.hidden, udp: null, tcp: null, relays: [], call: null };
  const noteHidden = () => void (measured.hidden ||= document.hidden);
  document.addEventListener("visibilitychange", noteHidden);
  /** @type {Begun} */
  let begun = { addresses: [], ice_servers: [] };
  try {
    testBrowser();
    await testDevices();
    const signal = await testSocket(measured);
    if (signal) begun = await testMedia(signal, media, measured);
  } finally {
    media.stop();
    document.removeEventListener("visibilitychange", noteHidden);
    show(measured, begun);
    start.disabled = false;
    start.textContent = gettext("Test again");
  }
}

function testBrowser() {
  steps.set("browser", "good", navigator.userAgent);
}

async function testDevices() {
  steps.set("devices", "running");
  const { isThere, text } = await devicesText();
  steps.set("devices", isThere ? "good" : "warn", text);
}

/** @param {Measurements} measured @returns {Promise<Signal | null>} */
async function testSocket(measured) {
  steps.set("socket", "running");
  try {
    const signal = await Signal.open(socketUrl(data.websocket));
    const trips = [];
    for (let count = 0; count < PINGS; count += 1) trips.push(await signal.roundTrip());
    const roundTripMs = Math.min(...trips);
    measured.socket = { ok: true, roundTripMs, refused: "" };
    steps.set("socket", "good", milliseconds(roundTripMs));
    return signal;
  } catch {
    steps.set("socket", "bad");
    return null;
  }
}

/** @param {Signal} signal @param {import("./synthetic.js").Synthetic} media @param {Measurements} measured @returns {Promise<Begun>} */
async function testMedia(signal, media, measured) {
  try {
    const begun = await signal.begin(data.ticket);
    measured.udp = await testPath(signal, media.sound, "udp");
    measured.tcp = await testPath(signal, media.sound, "tcp");
    await testRelays(signal, media.sound, begun.ice_servers, measured);
    await testCall(signal, media, begun.ice_servers, measured);
    return begun;
  } catch (error) {
    if (error instanceof Refused) measured.socket.refused = error.code;
    else throw error;
    return { addresses: [], ice_servers: [] };
  } finally {
    signal.close();
  }
}

/** @param {Signal} signal @param {MediaStreamTrack} sound @param {"udp" | "tcp"} protocol */
async function testPath(signal, sound, protocol) {
  steps.set(protocol, "running");
  const found = await tryPath(signal, sound, { protocol });
  const missing = protocol === "udp" ? "bad" : "warn";
  steps.set(protocol, found.ok ? "good" : missing, found.ok ? milliseconds(found.roundTripMs) : "", found.ok ? undefined : gettext("Blocked"));
  return found;
}

/** @param {Signal} signal @param {MediaStreamTrack} sound @param {RTCIceServer[]} iceServers @param {Measurements} measured */
async function testRelays(signal, sound, iceServers, measured) {
  for (const relay of eachRelay(iceServers)) {
    steps.set("relay", "running", String(relay.urls));
    measured.relays.push({ url: String(relay.urls), ...(await tryPath(signal, sound, { relay })) });
  }
  const lines = measured.relays.map(({ url, ok, roundTripMs }) => `${url}: ${ok ? milliseconds(roundTripMs) : gettext("Blocked")}`);
  steps.set("relay", measured.relays.some(({ ok }) => ok) ? "good" : "warn", lines.join(" · "));
}

/** @param {Signal} signal @param {import("./synthetic.js").Synthetic} media @param {RTCIceServer[]} iceServers @param {Measurements} measured */
async function testCall(signal, media, iceServers, measured) {
  steps.set("call", "running");
  const percents = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
  const samples = await callOneself(signal, media, iceServers, (share) => steps.set("call", "running", percents.format(share)));
  measured.call = figuresOf(samples);
  const { level } = verdictOf(measured);
  steps.set("call", measured.call ? (level === "good" ? "good" : "warn") : "bad");
}

/** @param {Measurements} measured @param {Begun} begun */
function show(measured, { addresses, ice_servers }) {
  const verdict = verdictOf(measured);
  const notes = verdict.notes.map((note) => element("p", { "data-note": note }, noteText(note)));
  const box = element("div", { class: `notice notice--${toneOf(verdict.level)}`, "data-level": verdict.level });
  box.append(element("p", { class: "notice-title" }, levelText(verdict.level)), element("div", { class: "verdict-notes" }, ...notes));
  part("verdict", HTMLElement).replaceChildren(box);
  const rows = measured.call ? callRows(measured.call) : [];
  part("figures", HTMLElement).replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "num" }, value)]));
  const open = openings(addresses, ice_servers, new URL(location.href));
  part("addresses", HTMLElement).replaceChildren(...open.map(openingRow));
  offerReport(reportText({ verdict, measured, steps: steps.found(), open, about: about() }));
  result.hidden = false;
  result.focus();
}

/** @param {import("./texts.js").Opening} opening */
function openingRow({ address, protocol, purpose }) {
  const cells = [protocol, purpose].map((text) => element("td", {}, text));
  return element("tr", {}, element("th", { scope: "row", class: "mono" }, address), ...cells);
}

/** @param {string} text */
function offerReport(text) {
  const link = part("report", HTMLAnchorElement);
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = `liveon-network-test-${new Date().toISOString().slice(0, 16).replace(":", "")}.txt`;
}

/** @returns {[string, string][]} */
function about() {
  return [
    [gettext("Time"), new Date().toISOString()],
    [gettext("Browser"), navigator.userAgent],
    [gettext("Site"), location.host],
  ];
}

/** @param {string} path */
function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

steps.list(stepNames());
const hindrance = obstacle({ isSecureContext, RTCPeerConnection: globalThis.RTCPeerConnection, mediaDevices: navigator.mediaDevices });
if (hindrance) steps.set("browser", "bad", hindrance);
else start.addEventListener("click", () => void test());
start.disabled = Boolean(hindrance);
