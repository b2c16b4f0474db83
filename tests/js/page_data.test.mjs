import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenDevices, rememberDevices } from "../../conferences/static/conferences/meeting/page_data.js";

test("a reload finds what was on, and the devices that were chosen in the meeting", () => {
  const kept = new Map([["liveon.devices", JSON.stringify({ microphone: true, camera: true, speaker_id: "loud", other: 1 })]]);
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const devices = { microphone: true, camera: false, microphoneId: "headset", cameraId: "", speakerId: "headset" };
  assert.equal(chosenDevices().speakerId, "loud");
  rememberDevices(devices);
  assert.deepEqual(chosenDevices(), devices);
});
