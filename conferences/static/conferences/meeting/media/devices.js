/** Cameras, microphones, speakers and the screen. `navigator.mediaDevices` is asked at call time, so that tests may stand in for it. */

/** @typedef {{id: string, label: string}} Device */
/** @typedef {{microphones: Device[], cameras: Device[], speakers: Device[]}} Devices */

/** @type {MediaTrackConstraints} */
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** @type {MediaTrackConstraints} */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } };

/** As large as it is, up to 4K; without a word about it Chromium gives no more than 2880×1800. @type {MediaTrackConstraints} */
const SCREEN = {
  width: { ideal: 3840, max: 3840 },
  height: { ideal: 2160, max: 2160 },
  frameRate: { ideal: 15, max: 15 },
};

/** Whatever is played, in stereo and as it is. @type {MediaTrackConstraints} */
const SCREEN_AUDIO = { channelCount: { ideal: 2 }, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * @param {string} deviceId the wished microphone, or "" for the default one; another is taken when it is not there
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openMicrophone(deviceId) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { ...MICROPHONE, ...wished(deviceId) } });
  return first(stream.getAudioTracks());
}

/**
 * @param {string} deviceId the wished camera, or "" for the default one; another is taken when it is not there
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openCamera(deviceId) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { ...CAMERA, ...wished(deviceId) } });
  return first(stream.getVideoTracks());
}

/**
 * Both at once, so that the browser asks for permission once.
 *
 * @param {{microphone: string, camera: string}} deviceIds
 * @returns {Promise<{microphone: MediaStreamTrack, camera: MediaStreamTrack}>}
 */
export async function openMicrophoneAndCamera(deviceIds) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { ...MICROPHONE, ...wished(deviceIds.microphone) },
    video: { ...CAMERA, ...wished(deviceIds.camera) },
  });
  return { microphone: first(stream.getAudioTracks()), camera: first(stream.getVideoTracks()) };
}

/** @returns {boolean} whether this browser can share a screen (phones cannot) */
export function canShareScreen() {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/**
 * Lets the person choose a screen, window or tab.
 *
 * @returns {Promise<{video: MediaStreamTrack, audio: MediaStreamTrack | null}>} `audio` is null when no sound is shared
 */
export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: SCREEN_AUDIO });
  const video = first(stream.getVideoTracks());
  video.contentHint = "detail";
  const audio = stream.getAudioTracks()[0] ?? null;
  if (audio) audio.contentHint = "music";
  return { video, audio };
}

/** @returns {Promise<Devices>} what is plugged in; without permission the labels are empty */
export async function listDevices() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  /** @param {MediaDeviceKind} kind */
  const ofKind = (kind) => devices.filter((device) => device.kind === kind).map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: ofKind("audioinput"), cameras: ofKind("videoinput"), speakers: ofKind("audiooutput") };
}

/**
 * Why a device could not be opened, as a code that the page translates.
 *
 * @param {unknown} error what getUserMedia or getDisplayMedia threw
 * @returns {"device_denied" | "device_missing" | "device_busy" | "device_failed"}
 */
export function failureCode(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "device_denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "device_missing";
  if (name === "NotReadableError" || name === "AbortError") return "device_busy";
  return "device_failed";
}

/** @param {string} deviceId @returns {MediaTrackConstraints} */
function wished(deviceId) {
  return deviceId ? { deviceId: { ideal: deviceId } } : {};
}

/** @param {MediaStreamTrack[]} tracks @returns {MediaStreamTrack} */
function first(tracks) {
  const track = tracks[0];
  if (!track) throw new DOMException("The device gave no track.", "NotFoundError");
  return track;
}
