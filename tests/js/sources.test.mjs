import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Sources } from "../../conferences/static/conferences/meeting/media/sources.js";

class FakeTrack extends EventTarget {
  enabled = true;
  stopped = false;

  constructor(kind) {
    super();
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }

  getSettings() {
    return { deviceId: `${this.kind}-1`, width: 1280, height: 720 };
  }
}

const stream = (...kinds) => {
  const tracks = kinds.map((kind) => new FakeTrack(kind));
  const ofKind = (wanted) => tracks.filter(({ kind }) => kind === wanted);
  return { getAudioTracks: () => ofKind("audio"), getVideoTracks: () => ofKind("video") };
};

let asked;
let displayed;
let fail;
let calls;
let sources;

beforeEach(() => {
  asked = [];
  fail = () => null;
  calls = [];
  const getUserMedia = async (constraints) => {
    const kinds = Object.keys(constraints);
    asked.push(kinds.join("+"));
    const name = fail(kinds);
    if (name) throw new DOMException("refused", name);
    return stream(...kinds);
  };
  const mediaDevices = { getUserMedia, getDisplayMedia: async (wanted) => (displayed = wanted) && stream("video", "audio") };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  sources = new Sources(
    {
      onTrack: (source, track) => calls.push(`${source} ${track ? "track" : "none"}`),
      onSwitched: (source, on) => calls.push(`${source} ${on ? "on" : "off"}`),
      onFailed: (source, code) => calls.push(`${source} ${code}`),
    },
    { microphone: "", camera: "" },
  );
});

test("microphone and camera are asked for together", async () => {
  await sources.start({ microphone: true, camera: true });
  assert.deepEqual(asked, ["audio+video"]);
  assert.deepEqual(calls, ["microphone track", "microphone on", "camera track", "camera on"]);
});

test("a missing camera does not cost the microphone", async () => {
  fail = (kinds) => (kinds.includes("video") ? "NotFoundError" : null);
  await sources.start({ microphone: true, camera: true });
  assert.deepEqual(asked, ["audio+video", "audio", "video"]);
  assert.deepEqual(calls, ["microphone track", "microphone on", "camera device_missing"]);
});

test("nothing wanted, nothing asked", async () => {
  await sources.start({ microphone: false, camera: false });
  assert.deepEqual([asked, calls], [[], []]);
});

test("a muted microphone keeps its device and only goes silent", async () => {
  await sources.setMicrophone(true);
  const track = sources.track("microphone");
  await sources.setMicrophone(false);
  assert.deepEqual([track.stopped, track.enabled, sources.isOn("microphone")], [false, false, false]);
  await sources.setMicrophone(true);
  assert.deepEqual([asked.length, sources.isOn("microphone")], [1, true]);
});

test("a camera that is switched off is released and opened anew", async () => {
  await sources.setCamera(true);
  const track = sources.track("camera");
  await sources.setCamera(false);
  assert.deepEqual([track.stopped, sources.track("camera")], [true, null]);
  await sources.setCamera(true);
  assert.deepEqual(calls, ["camera track", "camera on", "camera none", "camera off", "camera track", "camera on"]);
});

test("a second press while the browser asks changes nothing", async () => {
  await Promise.all([sources.setCamera(true), sources.setCamera(true)]);
  assert.deepEqual(asked, ["video"]);
});

test("a screen brings its sound, and both end when the browser's own bar stops it", async () => {
  await sources.setScreen(true);
  assert.deepEqual(calls, ["screen track", "screen on", "screen_audio track", "screen_audio on"]);
  assert.equal(sources.track("screen").contentHint, "detail");
  assert.equal(sources.track("screen_audio").contentHint, "music");
  calls.length = 0;
  sources.track("screen").dispatchEvent(new Event("ended"));
  assert.deepEqual(calls, ["screen none", "screen off", "screen_audio none", "screen_audio off"]);
});

test("a screen is captured as it is, up to 4K, fifteen times a second, and its sound is left alone", async () => {
  await sources.setScreen(true);
  assert.deepEqual([displayed.video.width.max, displayed.video.height.max, displayed.video.frameRate.max], [3840, 2160, 15]);
  assert.deepEqual([displayed.audio.echoCancellation, displayed.audio.channelCount.ideal], [false, 2]);
});

test("an unplugged camera is said, and the microphone goes on", async () => {
  await sources.start({ microphone: true, camera: true });
  calls.length = 0;
  sources.track("camera").dispatchEvent(new Event("ended"));
  assert.deepEqual(calls, ["camera none", "camera off", "camera device_lost"]);
  assert.ok(sources.isOn("microphone"));
});

test("another microphone is as silent as the one before", async () => {
  await sources.setMicrophone(true);
  await sources.setMicrophone(false);
  const old = sources.track("microphone");
  await sources.useDevice("microphone", "audio-2");
  assert.notEqual(sources.track("microphone"), old);
  assert.deepEqual([old.stopped, sources.isOn("microphone")], [true, false]);
});

/** Lets `getUserMedia` wait until it is told to go on, as a prompt does. */
function prompted() {
  const { mediaDevices } = navigator;
  const { getUserMedia } = mediaDevices;
  const given = [];
  let allow;
  const allowed = new Promise((resolve) => (allow = resolve));
  mediaDevices.getUserMedia = async (constraints) => {
    await allowed;
    const found = await getUserMedia(constraints);
    given.push(...found.getAudioTracks(), ...found.getVideoTracks());
    return found;
  };
  return { allow, given };
}

test("what is allowed after the end is closed at once", async () => {
  const { allow, given } = prompted();
  const started = sources.start({ microphone: true, camera: true });
  sources.stopAll();
  calls.length = 0;
  allow();
  await started;
  assert.deepEqual(given.map(({ stopped }) => stopped), [true, true]);
  assert.deepEqual([calls, sources.tracks()], [[], []]);
});

test("after the end nothing is opened until the next start", async () => {
  await sources.start({ microphone: false, camera: false });
  sources.stopAll();
  await sources.setCamera(true);
  assert.deepEqual(asked, []);
  await sources.start({ microphone: false, camera: true });
  assert.ok(sources.isOn("camera"));
});

test("one prompt serves the meeting that is joined again meanwhile", async () => {
  const { allow, given } = prompted();
  const first = sources.start({ microphone: true, camera: true });
  sources.stopAll();
  const second = sources.start({ microphone: true, camera: true });
  allow();
  await Promise.all([first, second]);
  assert.deepEqual([given.length, sources.isOn("microphone"), sources.isOn("camera")], [2, true, true]);
});

test("a press during the first prompt opens nothing twice", async () => {
  const { allow, given } = prompted();
  const started = sources.start({ microphone: true, camera: true });
  const pressed = sources.setCamera(true);
  allow();
  await Promise.all([started, pressed]);
  assert.deepEqual(given.map(({ kind }) => kind), ["audio", "video"]);
});

test("what is switched off while its device opens stays off", async () => {
  await sources.start({ microphone: true, camera: true });
  const { allow, given } = prompted();
  const changed = Promise.all([sources.useDevice("microphone", "audio-2"), sources.useDevice("camera", "video-2")]);
  calls.length = 0;
  await sources.setMicrophone(false);
  await sources.setCamera(false);
  assert.deepEqual(calls, ["microphone none", "microphone off", "camera none", "camera off"]);
  allow();
  await changed;
  assert.deepEqual([sources.isOn("microphone"), sources.track("microphone").enabled, sources.track("camera")], [false, false, null]);
  assert.deepEqual(given.map(({ kind, stopped }) => `${kind} ${stopped}`), ["audio false", "video true"]);
});

test("the last chosen device is the one that is used", async () => {
  await sources.setCamera(true);
  const ids = [];
  const { mediaDevices } = navigator;
  const { getUserMedia } = mediaDevices;
  mediaDevices.getUserMedia = (constraints) => {
    ids.push(constraints.video.deviceId.ideal);
    return getUserMedia(constraints);
  };
  await Promise.all([sources.useDevice("camera", "video-2"), sources.useDevice("camera", "video-3")]);
  assert.deepEqual([ids, sources.chosenDevices.camera], [["video-2", "video-3"], "video-3"]);
  assert.ok(sources.isOn("camera"));
});
