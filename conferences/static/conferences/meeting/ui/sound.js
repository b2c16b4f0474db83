/**
 * Plays what the others say: one audio element per track. When the browser holds sound back until the person acts, a button starts it.
 *
 * @import {RemoteTrack} from "../media/subscriber.js"
 */

import { element, part } from "./dom.js";

export class Sound {
  #root = part("audio", HTMLElement);
  #start = part("sound", HTMLButtonElement);
  /** @type {Map<MediaStreamTrack, HTMLAudioElement>} */
  #players = new Map();
  #speakerId;

  /** @param {string} speakerId output device, "" for the default one */
  constructor(speakerId) {
    this.#speakerId = speakerId;
    this.#start.addEventListener("click", () => this.#playAll());
  }

  /** Whether the browser can play to a chosen device. */
  get canChooseSpeaker() {
    return "setSinkId" in HTMLMediaElement.prototype;
  }

  get speakerId() {
    return this.#speakerId;
  }

  /** @param {RemoteTrack[]} tracks everything that arrives */
  play(tracks) {
    const wanted = new Set(tracks.filter(({ track }) => track.kind === "audio").map(({ track }) => track));
    for (const [track, player] of this.#players) if (!wanted.has(track)) this.#drop(track, player);
    for (const track of wanted) if (!this.#players.has(track)) this.#add(track);
  }

  /** @param {string} speakerId */
  useSpeaker(speakerId) {
    this.#speakerId = speakerId;
    for (const player of this.#players.values()) this.#choose(player);
  }

  /** @param {MediaStreamTrack} track */
  #add(track) {
    const player = element("audio", { autoplay: "" });
    player.srcObject = new MediaStream([track]);
    this.#players.set(track, player);
    this.#root.append(player);
    this.#choose(player);
    void this.#playOne(player);
  }

  /** @param {MediaStreamTrack} track @param {HTMLAudioElement} player */
  #drop(track, player) {
    player.srcObject = null;
    player.remove();
    this.#players.delete(track);
  }

  /** @param {HTMLAudioElement} player */
  #choose(player) {
    if (!this.canChooseSpeaker || (this.#speakerId === "" && player.sinkId === "")) return;
    void player.setSinkId(this.#speakerId).catch(() => {}); // unplugged since: the default one goes on playing
  }

  #playAll() {
    this.#start.hidden = true;
    for (const player of this.#players.values()) void this.#playOne(player);
  }

  /** @param {HTMLAudioElement} player */
  async #playOne(player) {
    try {
      await player.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#start.hidden = false;
    }
  }
}
