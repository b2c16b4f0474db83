import assert from "node:assert/strict";
import { test } from "node:test";

import { adjusted, encodingsOf, layersScreens } from "../../conferences/static/conferences/meeting/media/encodings.js";

const camera = (size) => encodingsOf("camera", size, { layeredScreen: true });
const screen = (size, layeredScreen = true) => encodingsOf("screen", size, { layeredScreen });
const rids = (encodings) => encodings.map(({ rid }) => rid);
const divisors = (encodings) => encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy);
const HD = { width: 1920, height: 1080 };
const UHD = { width: 3840, height: 2160 };

test("a large camera is sent in three layers, lowest first", () => {
  const encodings = camera({ width: 1280, height: 720 });
  assert.deepEqual(rids(encodings), ["low", "medium", "high"]);
  assert.deepEqual(divisors(encodings), [4, 2, 1]);
});

test("a middling camera is sent in two layers: browsers do not send a third", () => {
  const encodings = camera({ width: 640, height: 360 });
  assert.deepEqual(rids(encodings), ["low", "high"]);
  assert.deepEqual(divisors(encodings), [2, 1]);
});

test("a small camera is sent once, without a name", () => {
  assert.deepEqual(rids(camera({ width: 320, height: 240 })), [undefined]);
});

test("the longer side counts, so an upright phone has as many layers as a lying one", () => {
  assert.equal(camera({ width: 720, height: 1280 }).length, 3);
  assert.equal(camera({ width: 959, height: 540 }).length, 2);
  assert.equal(camera({ width: 479, height: 270 }).length, 1);
});

test("a capture without a size gets two layers", () => {
  assert.deepEqual(rids(camera({})), ["low", "high"]);
});

test("every higher layer may use more bandwidth", () => {
  for (const size of [{ width: 640, height: 360 }, { width: 960, height: 540 }, HD]) {
    const rates = camera(size).map(({ maxBitrate }) => maxBitrate);
    assert.deepEqual(rates, [...new Set(rates)].sort((a, b) => a - b));
  }
});

test("a screen is sent as it is, and small for phones and narrow links", () => {
  assert.deepEqual(rids(screen(HD)), ["low", "high"]);
  assert.deepEqual(divisors(screen(HD)), [2, 1]);
  assert.deepEqual(screen(HD).map(({ maxFramerate }) => maxFramerate), [5, 15]);
});

test("the small layer of a very large screen is no wider than 1280 pixels", () => {
  assert.deepEqual(divisors(screen(UHD)), [3, 1]);
  assert.deepEqual(divisors(screen({ width: 1440, height: 2560 })), [2, 1]);
  assert.deepEqual(divisors(screen({ width: 3440, height: 1440 })), [3440 / 1280, 1]);
});

test("a larger screen may use more bandwidth, and never more than the worker takes", () => {
  const rates = [{ width: 800, height: 600 }, { width: 1280, height: 720 }, HD, { width: 2560, height: 1440 }, UHD].map(
    (size) => screen(size).at(-1).maxBitrate,
  );
  assert.deepEqual(rates, [...new Set(rates)].sort((a, b) => a - b));
  assert.ok(rates.at(-1) <= 8_000_000);
});

test("the small layer of a screen takes a fraction of the large one", () => {
  for (const size of [HD, UHD]) {
    const [low, high] = screen(size);
    assert.ok(low.maxBitrate * 4 <= high.maxBitrate);
  }
});

test("a small window is sent once", () => {
  assert.deepEqual(rids(screen({ width: 800, height: 600 })), [undefined]);
});

test("Firefox, which sends the first encoding of a screen alone, is given the large one", () => {
  assert.ok(!layersScreens("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"));
  assert.ok(layersScreens("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"));
  assert.deepEqual(divisors(screen(UHD, false)), [1]);
});

test("the sound of a screen is music", () => {
  assert.ok(encodingsOf("screen_audio", {}, { layeredScreen: true })[0].maxBitrate > 64_000);
  assert.deepEqual(encodingsOf("microphone", {}, { layeredScreen: true }), [{}]);
});

const PARAMETERS = { transactionId: "t", codecs: [], encodings: [{ rid: "low" }, { rid: "medium" }, { rid: "high", ssrc: 7 }] };
const active = ({ encodings }) => encodings.map((encoding) => encoding.active);

test("only layers that are watched are active", () => {
  const adjust = (layers) => active(adjusted(PARAMETERS, [], { source: "camera", layers }));
  assert.deepEqual(adjust(["low"]), [true, false, false]);
  assert.deepEqual(adjust(["medium", "high"]), [false, true, true]);
  assert.deepEqual(adjust([]), [false, false, false]);
  assert.deepEqual(adjust(undefined), [true, true, true]);
});

test("a track in one layer is active while that is watched", () => {
  const single = { ...PARAMETERS, encodings: [{}] };
  assert.deepEqual(active(adjusted(single, [], { source: "screen", layers: ["high"] })), [true]);
  assert.deepEqual(active(adjusted(single, [], { source: "screen", layers: [] })), [false]);
});

test("bitrates follow the track, and what the browser knows of its encodings stays", () => {
  const { encodings, transactionId } = adjusted(PARAMETERS, camera(HD), { source: "camera", layers: undefined });
  assert.deepEqual(rids(encodings), ["low", "medium", "high"]);
  assert.equal(encodings[2].ssrc, 7);
  assert.equal(encodings[2].maxBitrate, 1_600_000);
  assert.equal(transactionId, "t");
});

test("a screen keeps its resolution, a camera may give it up", () => {
  assert.equal(adjusted(PARAMETERS, [], { source: "screen", layers: [] }).degradationPreference, "maintain-resolution");
  assert.ok(!("degradationPreference" in adjusted(PARAMETERS, [], { source: "camera", layers: [] })));
});
