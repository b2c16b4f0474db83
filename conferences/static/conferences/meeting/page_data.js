/** What the server and the join page hand to the meeting page. */

/**
 * @typedef {object} PageData
 * @property {{id: string, name: string}} room
 * @property {string | null} tenant
 * @property {"user" | "guest"} as
 * @property {string} websocket path of the signalling socket
 * @property {string} leave_url where the person goes after the meeting
 * @property {string} name own name
 * @property {string[]} video_codecs what video is to be published in, the best first
 */

/** @typedef {{microphone: boolean, camera: boolean, microphoneId: string, cameraId: string, speakerId: string}} ChosenDevices */

const DEVICES_KEY = "liveon.devices";

/** @returns {PageData} */
export function pageData() {
  return JSON.parse(document.getElementById("meeting-data")?.textContent ?? "");
}

/**
 * The choice of the join page. Who comes without having been there joins with everything off: nobody is seen or heard unasked.
 *
 * @returns {ChosenDevices}
 */
export function chosenDevices() {
  const found = stored();
  const text = (/** @type {string} */ name) => (typeof found[name] === "string" ? found[name] : "");
  return {
    microphone: found.microphone === true,
    camera: found.camera === true,
    microphoneId: text("microphone_id"),
    cameraId: text("camera_id"),
    speakerId: text("speaker_id"),
  };
}

/**
 * What is on or off now, and the devices, so that a reload does not switch on what was switched off, nor go back to another headset.
 *
 * @param {ChosenDevices} devices
 */
export function rememberDevices({ microphone, camera, microphoneId, cameraId, speakerId }) {
  const ids = { microphone_id: microphoneId, camera_id: cameraId, speaker_id: speakerId };
  try {
    sessionStorage.setItem(DEVICES_KEY, JSON.stringify({ ...stored(), microphone, camera, ...ids }));
  } catch {
    // Storage is switched off: the page asks for nothing and joins with everything off.
  }
}

/** @returns {Record<string, unknown>} */
function stored() {
  try {
    const value = JSON.parse(sessionStorage.getItem(DEVICES_KEY) ?? "{}");
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
