/** Why a device or a browser cannot be used, in words that say what to do. */

import { gettext } from "../meeting/i18n.js";

/** @import { Kind, Problem } from "./capture.js" */

/** @param {Kind} kind @param {Problem} problem @returns {string} */
export function describe(kind, problem) {
  return kind === "camera" ? cameraText(problem) : microphoneText(problem);
}

/** @param {Problem} problem */
function cameraText(problem) {
  switch (problem) {
    case "device_denied":
      return gettext("The browser may not use the camera. Allow it in the address bar and reload the page, or join without a camera.");
    case "device_missing":
      return gettext("No camera was found. You can join without one.");
    case "device_busy":
      return gettext("Another program is using the camera. Close that program and switch the camera on again.");
    default:
      return gettext("The camera could not be started. Plug it in again, or join without one.");
  }
}

/** @param {Problem} problem */
function microphoneText(problem) {
  switch (problem) {
    case "device_denied":
      return gettext("The browser may not use the microphone. Allow it in the address bar and reload the page. Without it, nobody hears you.");
    case "device_missing":
      return gettext("No microphone was found. You can join and listen.");
    case "device_busy":
      return gettext("Another program is using the microphone. Close that program and switch the microphone on again.");
    default:
      return gettext("The microphone could not be started. Plug it in again, or join and listen.");
  }
}

/**
 * What keeps this browser from joining at all, or "" when nothing does.
 * @param {{ isSecureContext: boolean, RTCPeerConnection?: unknown, mediaDevices?: unknown }} browser
 * @returns {string}
 */
export function obstacle(browser) {
  if (!browser.isSecureContext) {
    return gettext("This page was opened over http. Browsers allow camera and microphone only over https. Open the https address.");
  }
  if (!browser.RTCPeerConnection || !browser.mediaDevices) {
    return gettext("This browser cannot take part in meetings. Use a current Chrome, Edge, Firefox or Safari.");
  }
  return "";
}
