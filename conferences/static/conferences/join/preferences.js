/** Which devices the person chose: for this meeting in sessionStorage, for the next time in localStorage. */

export const KEY = "liveon.devices";

/**
 * @typedef {object} Choice
 * @property {boolean} microphone  join with the microphone on
 * @property {boolean} camera      join with the camera on
 * @property {string} microphone_id  device id, "" for the system's choice
 * @property {string} camera_id
 * @property {string} speaker_id
 */

/** @type {Readonly<Choice>} */
const DEFAULT = Object.freeze({ microphone: true, camera: true, microphone_id: "", camera_id: "", speaker_id: "" });

/** @param {unknown} value @returns {Choice} */
export function toChoice(value) {
  const found = /** @type {Record<string, unknown>} */ (typeof value === "object" && value !== null ? value : {});
  const text = (/** @type {string} */ name) => (typeof found[name] === "string" ? found[name] : "");
  return {
    microphone: found.microphone !== false,
    camera: found.camera !== false,
    microphone_id: text("microphone_id"),
    camera_id: text("camera_id"),
    speaker_id: text("speaker_id"),
  };
}

/** @returns {Choice} */
export function load() {
  try {
    return toChoice(JSON.parse(localStorage.getItem(KEY) ?? "null"));
  } catch {
    return { ...DEFAULT }; // storage is blocked or holds something else
  }
}

/**
 * @param {Choice} choice what the person wants
 * @param {Partial<Choice>} possible what the devices allow: goes to the meeting, but is not remembered for next time
 */
export function save(choice, possible = {}) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
    sessionStorage.setItem(KEY, JSON.stringify({ ...choice, ...possible }));
  } catch {
    // storage is blocked: the meeting page falls back to the system's devices
  }
}
