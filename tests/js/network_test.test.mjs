import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

globalThis.gettext = (message) => message;
globalThis.interpolate = (message, values) => message.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const root = new URL("../../conferences/static/conferences/network_test/", import.meta.url);
const { eachRelay, onlyProtocol } = await import(new URL("candidates.js", root));
const { figuresOf, sampleOf } = await import(new URL("figures.js", root));
const { levelText, noteText, openings, reportText } = await import(new URL("texts.js", root));
const { verdictOf } = await import(new URL("verdict.js", root));

const PATH = { ok: true, roundTripMs: 20 };
const BLOCKED = { ok: false, roundTripMs: null };
const CALL = { upKbps: 1400, downKbps: 950, lossPercent: 0, roundTripMs: 20, jitterMs: 3, fps: 15, protocol: "udp", cpuLimited: false };

function measured(changes = {}) {
  return { browser: true, socket: { ok: true, roundTripMs: 12, refused: "" }, hidden: false, udp: PATH, tcp: PATH, relays: [], call: CALL, ...changes };
}

const called = (changes) => measured({ call: { ...CALL, ...changes } });

test("a network without fault is good and has nothing to be said about it", () => {
  assert.deepEqual(verdictOf(measured()), { level: "good", notes: [] });
});

for (const [name, found, level, notes] of [
  ["UDP blocked, TCP open", measured({ udp: BLOCKED }), "limited", ["udp_blocked"]],
  ["TCP blocked, UDP open", measured({ tcp: BLOCKED }), "good", ["tcp_blocked"]],
  ["only the relay", measured({ udp: BLOCKED, tcp: BLOCKED, relays: [{ url: "turns:t", ...PATH }] }), "limited", ["only_relay"]],
  ["no relay", measured({ relays: [{ url: "turns:t", ...BLOCKED }] }), "good", ["relay_blocked"]],
  ["one relay of two", measured({ relays: [{ url: "turn:t", ...BLOCKED }, { url: "turns:t", ...PATH }] }), "good", []],
  ["nothing open", measured({ udp: BLOCKED, tcp: BLOCKED, call: null }), "none", ["media_blocked"]],
  ["nothing comes back", measured({ call: null }), "none", ["no_picture"]],
  ["no WebSocket", measured({ socket: { ok: false, roundTripMs: null, refused: "" }, call: null }), "none", ["no_socket"]],
  ["no test admitted", measured({ socket: { ok: true, roundTripMs: 1, refused: "too_fast" }, udp: null, tcp: null, call: null }), "unknown", ["refused"]],
  ["no browser for it", measured({ browser: false }), "none", ["no_browser"]],
  ["a page in the background", measured({ hidden: true, tcp: BLOCKED }), "unknown", ["tcp_blocked", "hidden_page"]],
  ["a slow uplink", called({ upKbps: 400, downKbps: 300 }), "limited", ["slow_up"]],
  ["hardly any uplink", called({ upKbps: 80, downKbps: 60 }), "audio", ["slow_up"]],
  ["hardly any downlink", called({ downKbps: 100 }), "audio", ["slow_down"]],
  ["a slow downlink and loss", called({ downKbps: 300, lossPercent: 5 }), "limited", ["slow_down", "loss"]],
  ["terrible loss", called({ lossPercent: 20 }), "audio", ["loss"]],
  ["a satellite", called({ roundTripMs: 620 }), "limited", ["delay"]],
  ["jitter", called({ jitterMs: 80 }), "limited", ["jitter"]],
  ["a busy device", called({ upKbps: 400, downKbps: 400, cpuLimited: true }), "good", ["busy_device"]],
]) {
  test(`${name} is ${level}`, () => assert.deepEqual(verdictOf(found), { level, notes }));
}

test("every level and every note has words of its own", () => {
  const levels = ["good", "limited", "audio", "none", "unknown"].map(levelText);
  const notes = ["udp_blocked", "only_relay", "tcp_blocked", "relay_blocked", "media_blocked", "no_picture", "slow_up", "slow_down"];
  const more = ["loss", "delay", "jitter", "busy_device", "no_browser", "no_socket", "refused", "hidden_page"];
  const texts = [...levels, ...[...notes, ...more].map(noteText)];
  assert.equal(new Set(texts).size, texts.length);
  assert.ok(texts.every(Boolean));
});

test("a description is left with the candidates of one protocol", () => {
  const lines = ["v=0", "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host", "a=candidate:2 1 TCP 1518280447 192.0.2.1 40000 typ host tcptype passive", "a=end", ""];
  assert.equal(onlyProtocol(lines.join("\r\n"), "udp"), [lines[0], lines[1], lines[3], ""].join("\r\n"));
  assert.equal(onlyProtocol(lines.join("\r\n"), "tcp"), [lines[0], lines[2], lines[3], ""].join("\r\n"));
});

test("each relay address is tried by itself, with its credentials", () => {
  const servers = [{ urls: ["turn:a", "turns:b"], username: "u", credential: "c" }, { urls: "turn:d" }];
  assert.deepEqual(eachRelay(servers), [{ urls: "turn:a", username: "u", credential: "c" }, { urls: "turns:b", username: "u", credential: "c" }, { urls: "turn:d" }]);
});

test("rates are the best of three seconds, loss that of the whole call", () => {
  const at = (seconds, bytes, frames) => ({
    at: 1000 * seconds, sent: bytes, arrived: bytes / 2, received: 100 * seconds, lost: seconds, lostUp: 0,
    frames, roundTripMs: 20, jitterMs: 4, protocol: "udp", cpuLimited: false,
  });
  const samples = [0, 1, 2, 3, 4, 5, 6].map((second) => at(second, second < 3 ? 0 : 125_000 * (second - 3), 15 * second));
  const { upKbps, downKbps, lossPercent, fps } = figuresOf(samples);
  assert.deepEqual([upKbps, downKbps, fps], [1000, 500, 15]);
  assert.ok(Math.abs(lossPercent - 0.99) < 0.01);
  assert.equal(figuresOf([]), null);
  assert.equal(figuresOf(samples.map((sample) => ({ ...sample, frames: 0 }))), null);
});

test("a sample adds up what the browser tells", () => {
  const up = [{ id: "1", type: "outbound-rtp", bytesSent: 100, qualityLimitationReason: "cpu" }, { id: "2", type: "outbound-rtp", bytesSent: 50 }];
  const down = [{ id: "3", type: "inbound-rtp", kind: "audio", bytesReceived: 30, jitter: 0.005 }, { id: "4", type: "inbound-rtp", kind: "video", framesDecoded: 7 }];
  const { sent, arrived, frames, jitterMs, cpuLimited } = sampleOf(up, down, 0);
  assert.deepEqual([sent, arrived, frames, jitterMs, cpuLimited], [150, 30, 7, 5, true]);
});

test("what has to be open is said with addresses, ports and protocols", () => {
  const addresses = [{ address: "203.0.113.7", port: 40000, protocol: "udp" }, { address: "2001:db8::7", port: 40000, protocol: "tcp" }];
  const servers = [{ urls: ["turns:turn.example.jp:443?transport=tcp", "turn:turn.example.jp", "turn:[2001:db8::1]:3479?transport=tcp"], username: "u", credential: "secret" }];
  const found = openings(addresses, servers, new URL("https://meet.example.jp/t/acme/network-test/"));
  assert.deepEqual(found.map(({ address, protocol }) => [address, protocol]), [
    ["meet.example.jp:443", "TCP"],
    ["203.0.113.7:40000", "UDP"],
    ["[2001:db8::7]:40000", "TCP"],
    ["turn.example.jp:443", "TCP (TLS)"],
    ["turn.example.jp:3478", "UDP"],
    ["[2001:db8::1]:3479", "TCP"],
  ]);
});

test("the report has the result and what to open, and no credentials", () => {
  const found = measured({ udp: BLOCKED });
  const servers = [{ urls: "turns:turn.example.jp:443", username: "user-name", credential: "secret" }];
  const open = openings([], servers, new URL("https://meet.example.jp/"));
  const steps = [{ name: "Media over UDP", state: "Blocked", detail: "" }, { name: "Media over TCP", state: "Good", detail: "20 ms" }];
  const text = reportText({ verdict: verdictOf(found), measured: found, steps, open, about: [["Site", "meet.example.jp"]] });
  assert.match(text, /Meetings work here, but not at their best/);
  assert.match(text, /UDP to LiveOn is blocked/);
  assert.match(text, / {2}Media over UDP: Blocked\n {2}Media over TCP: Good – 20 ms/);
  assert.match(text, /Sent from here: 1,400 kbit\/s/);
  assert.ok(!text.includes("secret") && !text.includes("user-name"));
});

test("what others write is never parsed as markup, and only main acts on import", () => {
  for (const name of readdirSync(root)) {
    const source = readFileSync(new URL(name, root), "utf8").replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/, name);
    const acts = source.split("\n").filter((line) => /^\w[\w.]*\(/.test(line));
    if (name !== "main.js") assert.deepEqual(acts, [], name);
  }
});
