/** The device lists of the join page. */

import { format, gettext } from "../meeting/i18n.js";
import { listDevices } from "../meeting/media/devices.js";

/** @import { Device } from "../meeting/media/devices.js" */
/** @import { Choice } from "./preferences.js" */

/** @typedef {Record<"microphone_id" | "camera_id" | "speaker_id", HTMLSelectElement>} Lists */

/** @param {Lists} lists @param {Choice} choice */
export async function fill(lists, choice) {
  const { microphones, cameras, speakers } = await listDevices();
  fillOne(lists.microphone_id, microphones, choice.microphone_id);
  fillOne(lists.camera_id, cameras, choice.camera_id);
  fillOne(lists.speaker_id, speakers, choice.speaker_id);
}

/** @param {HTMLSelectElement} list @param {Device[]} devices @param {string} chosen */
function fillOne(list, devices, chosen) {
  const named = devices.filter((device) => device.id); // browsers hide the ids until a device was allowed
  const options = named.map((device, place) => new Option(device.label || numbered(place + 1), device.id));
  if (!options.length) options.push(new Option(devices.length ? gettext("System default") : gettext("None found"), ""));
  list.replaceChildren(...options);
  list.disabled = named.length < 2;
  if (named.some((device) => device.id === chosen)) list.value = chosen;
}

/** @param {number} number */
function numbered(number) {
  return format(gettext("Device %(number)s"), { number });
}
