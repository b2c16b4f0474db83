import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { capture } from "../../conferences/static/conferences/join/capture.js";
import { loudness } from "../../conferences/static/conferences/join/meter.js";
import { KEY, load, save, toChoice } from "../../conferences/static/conferences/join/preferences.js";
import { describe, obstacle } from "../../conferences/static/conferences/join/problems.js";

const CHOICE = toChoice(null);

function storage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

/** A browser whose camera and microphone behave as told: a track, or the name of an error. */
function devices({ video, audio }) {
  const asked = [];
  const getUserMedia = async (wanted) => {
    asked.push(Object.keys(wanted).sort().join("+"));
    for (const [kind, found] of Object.entries({ video, audio })) {
      if (wanted[kind] && typeof found === "string") throw new DOMException("", found);
    }
    return { getVideoTracks: () => [video], getAudioTracks: () => [audio] };
  };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getUserMedia } }, configurable: true });
  return asked;
}

beforeEach(() => {
  globalThis.localStorage = storage();
  globalThis.sessionStorage = storage();
  globalThis.gettext = (message) => message;
});

test("both devices open with one question to the person", async () => {
  const asked = devices({ video: { kind: "video" }, audio: { kind: "audio" } });
  const { tracks, problems } = await capture(CHOICE, ["microphone", "camera"]);
  assert.deepEqual(tracks, { camera: { kind: "video" }, microphone: { kind: "audio" } });
  assert.deepEqual(problems, {});
  assert.deepEqual(asked, ["audio+video"]);
});

test("a missing camera does not cost the microphone", async () => {
  devices({ video: "NotFoundError", audio: { kind: "audio" } });
  const { tracks, problems } = await capture(CHOICE, ["microphone", "camera"]);
  assert.deepEqual(tracks, { microphone: { kind: "audio" } });
  assert.deepEqual(problems, { camera: "device_missing" });
});

test("nothing is asked for when both are to stay off", async () => {
  const asked = devices({ video: "NotAllowedError", audio: "NotAllowedError" });
  assert.deepEqual(await capture(CHOICE, []), { tracks: {}, problems: {} });
  assert.deepEqual(asked, []);
});

test("a choice is remembered for next time, and what is possible goes into the meeting", () => {
  save({ ...CHOICE, camera_id: "front" }, { microphone: false });
  assert.deepEqual(load(), { ...CHOICE, camera_id: "front" });
  assert.deepEqual(JSON.parse(sessionStorage.getItem(KEY)), { ...CHOICE, camera_id: "front", microphone: false });
});

test("whatever stands in the storage, a choice comes out", () => {
  for (const text of ["", "{", "7", "null", '{"camera":"yes","camera_id":7,"microphone":false}']) {
    localStorage.setItem(KEY, text);
    const choice = load();
    assert.deepEqual(Object.keys(choice).sort(), Object.keys(CHOICE).sort());
    assert.equal(typeof choice.camera_id, "string");
  }
  assert.equal(load().microphone, false);
});

test("blocked storage is no reason to fail", () => {
  const refuse = () => {
    throw new DOMException("", "SecurityError");
  };
  globalThis.localStorage = { getItem: refuse, setItem: refuse };
  assert.deepEqual(load(), CHOICE);
  save(CHOICE);
});

test("every problem has words of its own for each device", () => {
  const texts = ["device_denied", "device_missing", "device_busy", "device_failed"].flatMap((problem) => [
    describe("camera", problem),
    describe("microphone", problem),
  ]);
  assert.equal(new Set(texts).size, texts.length);
});

test("plain http and a browser without WebRTC are told apart", () => {
  const able = { isSecureContext: true, RTCPeerConnection: class {}, mediaDevices: {} };
  assert.equal(obstacle(able), "");
  assert.match(obstacle({ ...able, isSecureContext: false, mediaDevices: undefined }), /https/);
  assert.match(obstacle({ ...able, RTCPeerConnection: undefined }), /Chrome/);
});

test("the level goes from silence to full scale in decibels", () => {
  assert.equal(loudness(new Float32Array(64)), 0);
  assert.equal(loudness(new Float32Array(64).fill(1)), 1);
  assert.ok(Math.abs(loudness(new Float32Array(64).fill(10 ** (-30 / 20))) - 0.5) < 1e-6);
});
