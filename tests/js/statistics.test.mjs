import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

globalThis.gettext = (message) => message;
globalThis.interpolate = (message, values) => message.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const { layersOf, ratesOf, receivedOf } = await import("../../conferences/static/conferences/meeting/media/tile_stats.js");
const { INITIAL, reduce } = await import("../../conferences/static/conferences/meeting/state/reducer.js");
const { asText, connectionRows, limitText, sendingText, tileStatistics } = await import("../../conferences/static/conferences/meeting/ui/statistics_text.js");
const { watchDelivery } = await import("../../conferences/static/conferences/meeting/watch_delivery.js");

const example = (name) => JSON.parse(readFileSync(new URL(`../data/signalling/${name}.json`, import.meta.url), "utf8"));
const JOINED = example("joined");
const [HOST, MEMBER] = JOINED.participants;
const after = (...events) => events.reduce(reduce, reduce(INITIAL, JOINED));
const OPEN = { type: "panel_opened", panel: "statistics" };
const CAMERA_ON = { type: "participant_updated", participant: { ...MEMBER, muted: { ...MEMBER.muted, camera: false } } };
const PATH = { roundTripMs: 21.4, protocol: "udp", cipher: "AEAD_AES_256_GCM" };
const STREAM = { width: 640, height: 360, fps: 14.9, kbps: 411.7, lossPercent: 1.25, jitterMs: 3.2, codec: "VP8" };
const KEY = `${MEMBER.id}/camera`;

function figures(changes = {}) {
  return { received: new Map([[KEY, STREAM]]), sent: new Map(), up: PATH, down: PATH, ...changes };
}

function delivered(changes = {}) {
  const tile = { participant: MEMBER.id, source: "camera", layer: "low", layers: ["low", "high"], codec: "VP8", kbps: 400, limited_by: null, ...changes };
  return { type: "delivery", estimate_kbps: 1840, tiles: [tile] };
}

test("rates are those since the last reading, and unknown in the first", () => {
  const entry = { id: "in", type: "inbound-rtp", ssrc: 7, bytesReceived: 1000, framesDecoded: 10, packetsReceived: 90, packetsLost: 0 };
  const first = new Map();
  assert.deepEqual(ratesOf(entry, new Map(), first, 1000), { fps: null, kbps: null, lossPercent: 0 });
  const later = { ...entry, bytesReceived: 26_000, framesDecoded: 40, packetsReceived: 180, packetsLost: 10 };
  assert.deepEqual(ratesOf(later, first, new Map(), 3000), { fps: 15, kbps: 100, lossPercent: 10 });
});

test("counters that begin anew make no negative rates", () => {
  const before = new Map([[7, { bytes: 9e6, frames: 900, received: 900, lost: 3, at: 0 }]]);
  const entry = { id: "in", type: "inbound-rtp", ssrc: 7, bytesReceived: 10, framesDecoded: 1 };
  assert.deepEqual(ratesOf(entry, before, new Map(), 2000), { fps: 0, kbps: 0, lossPercent: 0 });
});

test("a tile's figures are found by its track", () => {
  const entries = [
    { id: "c", type: "codec", mimeType: "video/VP8" },
    { id: "a", type: "inbound-rtp", kind: "audio", trackIdentifier: "sound" },
    { id: "v", type: "inbound-rtp", kind: "video", trackIdentifier: "picture", codecId: "c", frameWidth: 320, frameHeight: 180, jitter: 0.004 },
  ];
  const remote = [{ participant: "p", source: "camera", track: { id: "picture" } }, { participant: "q", source: "camera", track: { id: "gone" } }];
  const found = receivedOf(entries, remote, () => ({ fps: 15, kbps: 90, lossPercent: 0 }));
  assert.deepEqual([...found], [["p/camera", { width: 320, height: 180, codec: "VP8", fps: 15, kbps: 90, lossPercent: 0, jitterMs: 4 }]]);
});

test("own layers come lowest first, with what limits them and what the other side lost", () => {
  const entries = [
    { id: "h", type: "outbound-rtp", rid: "high", frameWidth: 640, frameHeight: 360, qualityLimitationReason: "bandwidth" },
    { id: "l", type: "outbound-rtp", rid: "low", frameWidth: 320, frameHeight: 180, qualityLimitationReason: "none" },
    { id: "r", type: "remote-inbound-rtp", localId: "l", fractionLost: 0.5, jitter: 0.01 },
  ];
  const rates = () => ({ fps: 15, kbps: 90, lossPercent: 0 });
  const [low, high] = layersOf(entries, [{ rid: "low", active: true }, { rid: "high", active: false }], rates);
  assert.deepEqual([low.layer, low.active, low.lossPercent, low.jitterMs], ["low", true, 50, 10]);
  assert.deepEqual([high.layer, high.active, high.limitation], ["high", false, "bandwidth"]);
  const [only] = layersOf([{ id: "o", type: "outbound-rtp" }], [{}], rates);
  assert.deepEqual([only.layer, only.active, only.limitation], ["high", true, ""]);
});

test("every reason has words of its own", () => {
  const limits = [null, "network", "sender", "size", "paused", "muted"];
  assert.equal(new Set(limits.map(limitText)).size, limits.length);
});

test("what limits one's own picture is told by its layers", () => {
  const layer = (changes) => ({ ...STREAM, layer: "low", active: true, limitation: "none", ...changes });
  assert.match(sendingText([layer(), layer({ limitation: "cpu" })]), /too busy/);
  assert.match(sendingText([layer({ limitation: "bandwidth" })]), /does not carry/);
  assert.match(sendingText([layer(), layer({ active: false, limitation: "cpu" })]), /Nobody needs/);
  assert.match(sendingText([layer()]), /as well as your camera/);
  assert.match(sendingText([layer({ active: false }), layer()]), /as well as your camera/);
});

test("a tile shows its figures, its layer of how many, and why there is not more", () => {
  const state = after(CAMERA_ON, OPEN, delivered({ limited_by: "size" }));
  const tile = tileStatistics(state, figures()).find(({ key }) => key === KEY);
  assert.equal(tile.reason, limitText("size"));
  assert.deepEqual(tile.rows, [
    ["Size", "640 × 360, 15 frames/s"],
    ["Bit rate", "412 kbit/s"],
    ["Layer", "Low (1 of 2)"],
    ["Loss", "1.3%"],
    ["Round trip", "21 ms"],
    ["Jitter", "3 ms"],
    ["Codec", "VP8"],
    ["Encryption", "AEAD_AES_256_GCM"],
  ]);
  assert.deepEqual(connectionRows(state, figures())[0], ["Network towards you", "1,840 kbit/s"]);
});

test("what is muted, frozen or elsewhere has a reason and no figures", () => {
  const find = (state) => tileStatistics(state, figures()).find(({ key }) => key === KEY);
  assert.deepEqual(find(after(OPEN)), { ...find(after(OPEN)), reason: limitText("muted"), rows: [] });
  assert.equal(find(after(CAMERA_ON, OPEN, { type: "freeze_changed", frozen: true })).reason, limitText("muted"));
  const elsewhere = find(after(CAMERA_ON, OPEN, { ...delivered(), tiles: [] }));
  assert.deepEqual([elsewhere.rows.length, /not sent/.test(elsewhere.reason)], [0, true]);
  assert.equal(find(after(CAMERA_ON, OPEN)).reason, "");
});

test("the copied text names nobody", () => {
  const state = after(CAMERA_ON, OPEN, delivered());
  const shown = tileStatistics(state, figures());
  assert.ok(shown.some(({ title }) => title.includes(MEMBER.name)));
  const text = asText({ rows: connectionRows(state, figures()), tiles: shown, about: [["Own participant number", HOST.id]] });
  for (const { id, name } of JOINED.participants) {
    assert.ok(!text.includes(name), name);
    assert.equal(text.includes(id), id === HOST.id);
  }
  assert.match(text, /Picture 2 \(camera\)\n {2}This is the best/);
});

test("delivery is kept only while the panel is open", () => {
  assert.equal(after(delivered()).delivery, null);
  const open = after(OPEN, delivered());
  assert.equal(open.delivery.estimateKbps, 1840);
  assert.equal(reduce(open, { type: "panel_opened", panel: null }).delivery, null);
  assert.equal(reduce(open, { type: "rebuild", epoch: 2 }).delivery, null);
});

test("the watch is asked for once, ended with the panel, and asked for anew after a loss or a rebuild", () => {
  const asked = [];
  let listener;
  watchDelivery({ subscribe: (one) => (listener = one) }, (on) => asked.push(on));
  const closed = reduce(after(OPEN), { type: "panel_opened", panel: null });
  for (const state of [INITIAL, after(), after(OPEN), after(OPEN), closed]) listener(state);
  assert.deepEqual(asked.splice(0), [true, false]);
  const lost = after(OPEN, { type: "link_lost" });
  for (const state of [after(OPEN), lost, after(OPEN), after(OPEN, { type: "rebuild", epoch: 2 })]) listener(state);
  assert.deepEqual(asked, [true, true, true]);
});
