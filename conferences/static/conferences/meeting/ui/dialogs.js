/**
 * The dialogs: a question before what cannot be undone, the devices, the help. They are native dialogs: the browser keeps the focus in
 * them, closes them on Escape and gives the focus back.
 *
 * @import {Device, Devices} from "../media/devices.js"
 * @import {Figures} from "../media/stats.js"
 */

import { format, gettext, integer, percent } from "../i18n.js";
import { element, part } from "./dom.js";

const REFRESH_MS = 2_000;

/**
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes }) {
  const dialog = part("confirm", HTMLDialogElement);
  part("confirm-title", HTMLElement).textContent = title;
  part("confirm-text", HTMLElement).textContent = text;
  part("confirm-yes", HTMLButtonElement).textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export function showHelp() {
  part("help-dialog", HTMLDialogElement).showModal();
}

/**
 * @typedef {object} DeviceActions
 * @property {() => Promise<Devices & {inUse: {microphone: string, camera: string}}>} devices
 * @property {() => Promise<Figures>} figures
 * @property {(source: "microphone" | "camera", deviceId: string) => void} useDevice
 * @property {{canChooseSpeaker: boolean, speakerId: string, useSpeaker: (deviceId: string) => void}} sound
 */

export class DeviceDialog {
  #actions;
  #dialog = part("device-dialog", HTMLDialogElement);
  #microphone = part("choose-microphone", HTMLSelectElement);
  #camera = part("choose-camera", HTMLSelectElement);
  #speaker = part("choose-speaker", HTMLSelectElement);
  #figures = part("figures", HTMLElement);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {DeviceActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#microphone.addEventListener("change", () => actions.useDevice("microphone", this.#microphone.value));
    this.#camera.addEventListener("change", () => actions.useDevice("camera", this.#camera.value));
    this.#speaker.addEventListener("change", () => actions.sound.useSpeaker(this.#speaker.value));
    this.#dialog.addEventListener("close", () => clearInterval(this.#timer));
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#dialog.open && void this.#fill());
  }

  async show() {
    this.#dialog.showModal();
    this.#timer = setInterval(() => void this.#showFigures(), REFRESH_MS);
    await Promise.all([this.#fill(), this.#showFigures()]);
  }

  async #fill() {
    const { microphones, cameras, speakers, inUse } = await this.#actions.devices();
    options(this.#microphone, microphones, inUse.microphone);
    options(this.#camera, cameras, inUse.camera);
    options(this.#speaker, this.#actions.sound.canChooseSpeaker ? speakers : [], this.#actions.sound.speakerId);
  }

  async #showFigures() {
    const { sendKbps, receiveKbps, lossPercent, roundTripMs, protocol, cipher } = await this.#actions.figures();
    const path = protocol === "" ? "–" : protocol.toUpperCase();
    const facts = [
      [gettext("Sending"), format(gettext("%(number)s kbit/s"), { number: integer(sendKbps) })],
      [gettext("Receiving"), format(gettext("%(number)s kbit/s"), { number: integer(receiveKbps) })],
      [gettext("Loss"), percent(lossPercent / 100)],
      [gettext("Round trip"), roundTripMs === null ? "–" : format(gettext("%(number)s ms"), { number: integer(roundTripMs) })],
      [gettext("Path"), path],
      [gettext("Encryption"), cipher === "" ? "–" : cipher],
    ];
    this.#figures.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "num" }, value)]));
  }
}

/** @param {HTMLSelectElement} select @param {Device[]} devices @param {string} chosen */
function options(select, devices, chosen) {
  const made = devices.map(({ id, label }, index) => {
    const name = label || format(gettext("Device %(number)s"), { number: index + 1 });
    return new Option(name, id, false, id === chosen);
  });
  select.replaceChildren(...(made.length > 0 ? made : [new Option(gettext("Default device"), "")]));
  select.disabled = made.length === 0;
}
