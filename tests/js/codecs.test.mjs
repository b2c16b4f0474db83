import assert from "node:assert/strict";
import test from "node:test";

import { isLayered, preferredCodecs } from "../../conferences/static/conferences/meeting/media/codecs.js";
import { cameraEncodings, singleStream } from "../../conferences/static/conferences/meeting/media/encodings.js";

const codec = (name, sdpFmtpLine) => ({ mimeType: `video/${name}`, clockRate: 90000, sdpFmtpLine });
const CHROMIUM = [codec("VP8"), codec("rtx"), codec("H264", "mode=1"), codec("H264", "mode=0"), codec("AV1"), codec("VP9"), codec("red")];
const FIREFOX = [codec("VP8"), codec("rtx"), codec("VP9"), codec("AV1")];
const names = (codecs) => codecs.map(({ mimeType }) => mimeType.slice(6));

test("wanted codecs come first, in every variant, then VP8 and the repairs", () => {
  assert.deepEqual(names(preferredCodecs(["h264", "av1"], CHROMIUM)), ["H264", "H264", "AV1", "VP8", "rtx"]);
});

test("a codec that the browser lacks is passed over", () => {
  assert.deepEqual(names(preferredCodecs(["h264", "av1"], FIREFOX)), ["AV1", "VP8", "rtx"]);
  assert.deepEqual(names(preferredCodecs(["h264"], FIREFOX)), ["VP8", "rtx"]);
});

test("VP8 is preferred when nothing else is wanted", () => {
  assert.deepEqual(names(preferredCodecs(["vp8"], CHROMIUM)), ["VP8", "rtx"]);
});

test("a browser that has none of them keeps its own order", () => {
  assert.deepEqual(preferredCodecs(["vp8"], [codec("rtx")]), []);
});

test("only VP8 goes out in layers", () => {
  assert.equal(isLayered(preferredCodecs(["vp8", "h264"], CHROMIUM)), true);
  assert.equal(isLayered(preferredCodecs(["h264"], CHROMIUM)), false);
  assert.equal(isLayered(preferredCodecs(["h264"], FIREFOX)), true);
});

test("a single stream is the best layer", () => {
  const layers = cameraEncodings({ width: 1280, height: 720 });
  assert.deepEqual(singleStream(layers), [{ maxBitrate: layers[2].maxBitrate, scalabilityMode: "L1T1" }]);
});
