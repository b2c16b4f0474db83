/**
 * What this participant sends: at most one track per source, opened when it is switched on.
 *
 * A switched-off microphone keeps its device and only goes silent, so that the next word is not cut off. A switched-off camera or
 * screen is released: its light goes out.
 *
 * @import {Source} from "../signalling/messages.js"
 */

import { failureCode, openCamera, openMicrophone, openMicrophoneAndCamera, openScreen } from "./devices.js";

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
    if (wanted.microphone && wanted.camera && (await this.#openBoth())) return;
    if (wanted.microphone) await this.setMicrophone(true);
    if (wanted.camera) await this.setCamera(true);
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setMicrophone(on) {
    const track = this.#tracks.get("microphone");
    if (track) this.#enable(track, on);
    else if (on) await this.#open("microphone", async () => this.#adopt("microphone", await openMicrophone(this.#deviceIds.microphone)));
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setCamera(on) {
    if (!on) this.#release("camera");
    else if (!this.#tracks.has("camera")) {
      await this.#open("camera", async () => this.#adopt("camera", await openCamera(this.#deviceIds.camera)));
    }
  }

  /** @param {boolean} on @returns {Promise<void>} */
  async setScreen(on) {
    if (on && !this.#tracks.has("screen")) await this.#open("screen", () => this.#openScreen());
    if (on) return;
    this.#release("screen");
    this.#release("screen_audio");
  }

  /**
   * Takes another microphone or camera; one that is in use is replaced at once.
   *
   * @param {"microphone" | "camera"} source
   * @param {string} deviceId
   * @returns {Promise<void>}
   */
  async useDevice(source, deviceId) {
    this.#deviceIds[source] = deviceId;
    const wasOn = this.isOn(source);
    const old = this.#tracks.get(source);
    if (!old) return;
    this.#forget(source, old);
    const open = source === "microphone" ? openMicrophone : openCamera;
    await this.#open(source, async () => this.#adopt(source, await open(deviceId), { enabled: wasOn }));
    if (!this.#tracks.has(source)) this.#events.onSwitched(source, false);
  }

  stopAll() {
    for (const source of [...this.#tracks.keys()]) this.#release(source);
  }

  async #openBoth() {
    try {
      const { microphone, camera } = await openMicrophoneAndCamera(this.#deviceIds);
      this.#adopt("microphone", microphone);
      this.#adopt("camera", camera);
      return true;
    } catch {
      return false;
    }
  }

  async #openScreen() {
    const { video, audio } = await openScreen();
    this.#adopt("screen", video);
    if (audio) this.#adopt("screen_audio", audio);
  }

  /** One opening per source at a time: a second press while the browser asks for permission changes nothing.
   * @param {Source} source @param {() => Promise<void>} open */
  async #open(source, open) {
    if (this.#opening.has(source)) return;
    this.#opening.add(source);
    try {
      await open();
    } catch (error) {
      this.#events.onFailed(source, failureCode(error));
    } finally {
      this.#opening.delete(source);
    }
  }

  /** @param {Source} source @param {MediaStreamTrack} track @param {{enabled: boolean}} [state] */
  #adopt(source, track, { enabled } = { enabled: true }) {
    track.enabled = enabled;
    track.addEventListener("ended", () => this.#ended(source, track));
    this.#tracks.set(source, track);
    this.#events.onTrack(source, track);
    this.#events.onSwitched(source, enabled);
  }

  /** @param {MediaStreamTrack} track @param {boolean} on */
  #enable(track, on) {
    if (track.enabled === on) return;
    track.enabled = on;
    this.#events.onSwitched("microphone", on);
  }

  /** @param {Source} source */
  #release(source) {
    const track = this.#tracks.get(source);
    if (!track) return;
    this.#forget(source, track);
    this.#events.onTrack(source, null);
    this.#events.onSwitched(source, false);
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #forget(source, track) {
    this.#tracks.delete(source);
    track.stop();
  }

  /** The device was unplugged, or sharing was stopped from the browser's own bar. @param {Source} source @param {MediaStreamTrack} track */
  #ended(source, track) {
    if (this.#tracks.get(source) !== track) return;
    this.#release(source);
    if (source === "screen") this.#release("screen_audio");
    if (source === "camera" || source === "microphone") this.#events.onFailed(source, "device_lost");
  }
}
