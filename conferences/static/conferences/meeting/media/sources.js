/**
 * What this participant sends: at most one track per source, opened when it is switched on.
 *
 * A switched-off microphone keeps its device and only goes silent, so that the next word is not cut off. A switched-off camera or
 * screen is released: its light goes out. What is switched off, or over, while its device still opens, stays off when it has opened.
 *
 * @import {Source} from "../signalling/messages.js"
 */

import { SOURCES } from "../signalling/messages.js";
import { failureCode, openCamera, openMicrophone, openMicrophoneAndCamera, openScreen } from "./devices.js";

const DEVICES = /** @type {const} */ (["microphone", "camera"]);

/**
 * @typedef {object} SourcesEvents
 * @property {(source: Source, track: MediaStreamTrack | null) => void} onTrack send this track from now on, or nothing
 * @property {(source: Source, on: boolean) => void} onSwitched the source now sends, or is silent
 * @property {(source: Source, code: string) => void} onFailed a device could not be opened, or was unplugged (`device_lost`)
 */

export class Sources {
  #events;
  /** @type {Map<Source, MediaStreamTrack>} */
  #tracks = new Map();
  /** @type {Set<Source>} */
  #opening = new Set();
  /** What is to be on; a screen brings its sound. @type {Set<Source>} */
  #wanted = new Set();
  #over = false;
  /** @type {{microphone: string, camera: string}} */
  #deviceIds;

  /**
   * @param {SourcesEvents} events
   * @param {{microphone: string, camera: string}} deviceIds the wished devices, "" for the default ones
   */
  constructor(events, deviceIds) {
    this.#events = events;
    this.#deviceIds = { ...deviceIds };
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} */
  track(source) {
    return this.#tracks.get(source) ?? null;
  }

  /** Every track that is open, for a new publish connection. @returns {[Source, MediaStreamTrack][]} */
  tracks() {
    return [...this.#tracks];
  }

  /** @param {Source} source @returns {boolean} */
  isOn(source) {
    return this.#tracks.get(source)?.enabled ?? false;
  }

  /** The wished devices, "" for the default ones. @returns {{microphone: string, camera: string}} */
  get chosenDevices() {
    return { ...this.#deviceIds };
  }

  /** The device in use, or the wished one. @param {"microphone" | "camera"} source @returns {string} */
  deviceId(source) {
    return this.#tracks.get(source)?.getSettings().deviceId ?? this.#deviceIds[source];
  }

  /**
   * Opens what is wanted at the beginning. When both do not come together (one is missing, or refused), each is tried alone.
   *
   * @param {{microphone: boolean, camera: boolean}} wanted
   * @returns {Promise<void>}
   */
  async start(wanted) {
    this.#over = false;
    for (const source of DEVICES) if (wanted[source]) this.#wanted.add(source);
    if (wanted.microphone && wanted.camera && this.#opening.size === 0 && (await this.#openBoth())) return;
    for (const source of DEVICES) if (this.#wanted.has(source) && !this.#tracks.has(source)) await this.#open(source);
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setMicrophone(on) {
    const track = this.#tracks.get("microphone");
    if (!track) return on ? await this.#switchOn("microphone") : this.#release("microphone");
    if (on) this.#wanted.add("microphone");
    else this.#wanted.delete("microphone");
    this.#enable(track, on);
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setCamera(on) {
    if (on) await this.#switchOn("camera");
    else this.#release("camera");
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setScreen(on) {
    if (on) return await this.#switchOn("screen");
    this.#release("screen");
    this.#release("screen_audio");
  }

  /**
   * Takes another microphone or camera; one that is in use is replaced at once, one that still opens when it has.
   *
   * @param {"microphone" | "camera"} source
   * @param {string} deviceId
   * @returns {Promise<void>}
   */
  async useDevice(source, deviceId) {
    this.#deviceIds[source] = deviceId;
    const old = this.#tracks.get(source);
    if (!old) return;
    this.#forget(source, old);
    await this.#open(source);
    if (!this.#tracks.has(source)) this.#tellOff(source);
  }

  /** Nothing is opened any more until the next `start`. */
  stopAll() {
    this.#over = true;
    for (const source of SOURCES) this.#release(source);
  }

  async #openBoth() {
    const ids = { ...this.#deviceIds };
    for (const source of DEVICES) this.#opening.add(source);
    try {
      const found = await openMicrophoneAndCamera(ids);
      for (const source of DEVICES) await this.#take(source, found[source], ids[source]);
      return true;
    } catch {
      return false;
    } finally {
      for (const source of DEVICES) this.#opening.delete(source);
    }
  }

  /** @param {Source} source */
  async #switchOn(source) {
    this.#wanted.add(source);
    if (!this.#tracks.has(source)) await this.#open(source);
  }

  /** One opening per source at a time: a second press while the browser asks for permission changes nothing.
   * @param {Source} source */
  async #open(source) {
    if (this.#over || this.#opening.has(source)) return;
    this.#opening.add(source);
    try {
      await (source === "microphone" || source === "camera" ? this.#openDevice(source) : this.#openScreen());
    } catch (error) {
      this.#wanted.delete(source);
      this.#events.onFailed(source, failureCode(error));
    } finally {
      this.#opening.delete(source);
    }
  }

  /** @param {"microphone" | "camera"} source */
  async #openDevice(source) {
    const deviceId = this.#deviceIds[source];
    const open = source === "microphone" ? openMicrophone : openCamera;
    await this.#take(source, await open(deviceId), deviceId);
  }

  /** Another device may have been chosen while this one opened. @param {"microphone" | "camera"} source @param {MediaStreamTrack} track @param {string} deviceId */
  async #take(source, track, deviceId) {
    if (deviceId === this.#deviceIds[source]) return this.#adopt(source, track, this.#wanted.has(source));
    track.stop();
    await this.#openDevice(source);
  }

  async #openScreen() {
    const { video, audio } = await openScreen();
    const on = this.#wanted.has("screen");
    this.#adopt("screen", video, on);
    if (audio) this.#adopt("screen_audio", audio, on);
  }

  /** @param {Source} source @param {MediaStreamTrack} track @param {boolean} on */
  #adopt(source, track, on) {
    if (this.#over || (!on && source !== "microphone")) return track.stop();
    track.enabled = on;
    track.addEventListener("ended", () => this.#ended(source, track));
    this.#tracks.set(source, track);
    this.#events.onTrack(source, track);
    this.#events.onSwitched(source, on);
  }

  /** @param {MediaStreamTrack} track @param {boolean} on */
  #enable(track, on) {
    if (track.enabled === on) return;
    track.enabled = on;
    this.#events.onSwitched("microphone", on);
  }

  /** @param {Source} source */
  #release(source) {
    this.#wanted.delete(source);
    const track = this.#tracks.get(source);
    if (track) this.#forget(source, track);
    if (track || this.#opening.has(source)) this.#tellOff(source);
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #forget(source, track) {
    this.#tracks.delete(source);
    track.stop();
  }

  /** @param {Source} source */
  #tellOff(source) {
    this.#events.onTrack(source, null);
    this.#events.onSwitched(source, false);
  }

  /** The device was unplugged, or sharing was stopped from the browser's own bar. @param {Source} source @param {MediaStreamTrack} track */
  #ended(source, track) {
    if (this.#tracks.get(source) !== track) return;
    this.#release(source);
    if (source === "screen") this.#release("screen_audio");
    if (source === "camera" || source === "microphone") this.#events.onFailed(source, "device_lost");
  }
}
