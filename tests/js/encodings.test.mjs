import assert from "node:assert/strict";
import { test } from "node:test";

import { cameraEncodings, layerCount, screenEncodings } from "../../conferences/static/conferences/meeting/media/encodings.js";

const rids = (encodings) => encodings.map(({ rid }) => rid);
const divisors = (encodings) => encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy);

test("a large camera is sent in three layers, lowest first", () => {
  const encodings = cameraEncodings({ width: 1280, height: 720 });
  assert.deepEqual(rids(encodings), ["low", "medium", "high"]);
  assert.deepEqual(divisors(encodings), [4, 2, 1]);
});

test("a middling camera is sent in two layers: browsers do not send a third", () => {
  const encodings = cameraEncodings({ width: 640, height: 360 });
  assert.deepEqual(rids(encodings), ["low", "high"]);
  assert.deepEqual(divisors(encodings), [2, 1]);
});

test("a small camera is sent once, without a name", () => {
  assert.deepEqual(rids(cameraEncodings({ width: 320, height: 240 })), [undefined]);
});

test("the longer side counts, so an upright phone has as many layers as a lying one", () => {
  assert.equal(layerCount({ width: 720, height: 1280 }), 3);
  assert.equal(layerCount({ width: 959, height: 540 }), 2);
  assert.equal(layerCount({ width: 479, height: 270 }), 1);
});

test("a capture without a size gets two layers", () => {
  assert.deepEqual(rids(cameraEncodings({})), ["low", "high"]);
});

test("every higher layer may use more bandwidth", () => {
  for (const size of [{ width: 640, height: 360 }, { width: 960, height: 540 }, { width: 1920, height: 1080 }]) {
    const rates = cameraEncodings(size).map(({ maxBitrate }) => maxBitrate);
    assert.deepEqual(rates, [...new Set(rates)].sort((a, b) => a - b));
  }
});

test("a screen is sent once, at no more than fifteen frames a second", () => {
  assert.equal(screenEncodings().length, 1);
  assert.ok(screenEncodings()[0].maxFramerate <= 15);
});
