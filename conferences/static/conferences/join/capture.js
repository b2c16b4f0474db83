/** Opens the devices of the join page, so that trouble with one does not cost the other. Knows no page. */

import { failureCode, openCamera, openMicrophone, openMicrophoneAndCamera } from "../meeting/media/devices.js";

/** @import { Choice } from "./preferences.js" */

/** @typedef {"camera" | "microphone"} Kind */
/** @typedef {ReturnType<typeof failureCode>} Problem */
/** @typedef {{ tracks: Partial<Record<Kind, MediaStreamTrack>>, problems: Partial<Record<Kind, Problem>> }} Captured */

/** @param {Kind} kind @param {Choice} choice @returns {Promise<MediaStreamTrack>} */
function open(kind, choice) {
  return kind === "camera" ? openCamera(choice.camera_id) : openMicrophone(choice.microphone_id);
}

/**
 * Several devices with one question to the person; when that fails, each alone.
 * @param {Choice} choice @param {Kind[]} kinds @returns {Promise<Captured>}
 */
export async function capture(choice, kinds) {
  const together = kinds.length > 1 ? await openTogether(choice) : null;
  if (together) return { tracks: together, problems: {} };
  /** @type {Captured} */
  const captured = { tracks: {}, problems: {} };
  for (const kind of kinds) {
    try {
      captured.tracks[kind] = await open(kind, choice);
    } catch (error) {
      captured.problems[kind] = failureCode(error);
    }
  }
  return captured;
}

/** @param {Choice} choice @returns {Promise<Captured["tracks"] | null>} null: which of the two it was shows when each is opened alone */
async function openTogether(choice) {
  try {
    return await openMicrophoneAndCamera({ camera: choice.camera_id, microphone: choice.microphone_id });
  } catch {
    return null;
  }
}
