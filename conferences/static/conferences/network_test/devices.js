/** Which devices there are, without asking for permission. */

import { format, gettext } from "../meeting/i18n.js";
import { listDevices } from "../meeting/media/devices.js";

/** @returns {Promise<{isThere: boolean, text: string}>} whether there is a camera and a microphone, and what the browser allows */
export async function devicesText() {
  const { cameras, microphones } = await listDevices();
  const values = { cameras: cameras.length, microphones: microphones.length };
  const count = format(gettext("Cameras: %(cameras)s, microphones: %(microphones)s."), values);
  const blocked = (await Promise.all([state("camera"), state("microphone")])).includes("denied");
  const advice = blocked ? gettext("The browser does not allow them for this site. Allow them in the address bar.") : "";
  return { isThere: cameras.length > 0 && microphones.length > 0 && !blocked, text: [count, advice].filter(Boolean).join(" ") };
}

/** @param {string} name @returns {Promise<string>} "" where the browser does not tell */
async function state(name) {
  try {
    return (await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) })).state;
  } catch {
    return "";
  }
}
