/**
 * The old connections after the meeting has moved to another media server: they carry sound and pictures until the new ones do.
 *
 * Each picture changes over when the first frame of the new one was decoded, each sound when its first packet has come. What has not
 * come by then changes over when the server closes the old place.
 *
 * @import {RemoteTrack} from "./subscriber.js"
 */

/** The server keeps the old place for 15 s (`conferences/moving.py`). */
const KEEP_MS = 14_500;
const LOOK_MS = 100;

/**
 * @typedef {object} HandoverOptions
 * @property {RemoteTrack[]} old what arrives over the old connection
 * @property {() => void} close closes the old connections
 * @property {(tracks: RemoteTrack[]) => void} onTracks what is to be seen and heard now, whole
 */

export class Handover {
  #options;
  /** @type {RemoteTrack[]} */
  #fresh = [];
  /** @type {WeakSet<RTCRtpReceiver>} */
  #ready = new WeakSet();
  #over = false;
  #looking;
  #ending;

  /** @param {HandoverOptions} options */
  constructor(options) {
    this.#options = options;
    this.#looking = setInterval(() => void this.#look(), LOOK_MS);
    this.#ending = setTimeout(() => this.end(), KEEP_MS);
  }

  get isOver() {
    return this.#over;
  }

  /** What arrives over the new connection, whole. @param {RemoteTrack[]} tracks */
  take(tracks) {
    this.#fresh = tracks;
    this.#show();
  }

  /** From now on only the new connection counts. */
  end() {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#looking);
    clearTimeout(this.#ending);
    this.#options.onTracks(this.#fresh);
    this.#options.close();
  }

  async #look() {
    const waiting = this.#fresh.filter(({ receiver }) => !this.#ready.has(receiver));
    const arrived = await Promise.all(waiting.map(({ receiver }) => hasArrived(receiver)));
    const news = waiting.filter((_, index) => arrived[index]);
    for (const { receiver } of news) this.#ready.add(receiver);
    if (news.length > 0 && !this.#over) this.#show();
  }

  #show() {
    this.#options.onTracks(merged(this.#options.old, this.#fresh, (track) => this.#ready.has(track.receiver)));
  }
}

/**
 * Every track of both connections once: the new one when it is ready or alone.
 *
 * @param {RemoteTrack[]} old
 * @param {RemoteTrack[]} fresh
 * @param {(track: RemoteTrack) => boolean} isReady
 * @returns {RemoteTrack[]}
 */
export function merged(old, fresh, isReady) {
  const before = new Map(old.map((track) => [keyOf(track), track]));
  const chosen = fresh.map((track) => (isReady(track) ? track : (before.get(keyOf(track)) ?? track)));
  const known = new Set(fresh.map(keyOf));
  return [...chosen, ...old.filter((track) => !known.has(keyOf(track)))];
}

/** @param {RemoteTrack} track @returns {string} */
function keyOf({ participant, source }) {
  return `${participant}/${source}`;
}

/** @param {RTCRtpReceiver} receiver @returns {Promise<boolean>} whether a frame was decoded, or a packet of sound has come */
async function hasArrived(receiver) {
  const inbound = [...(await receiver.getStats()).values()].find((entry) => entry.type === "inbound-rtp");
  const count = receiver.track.kind === "video" ? inbound?.framesDecoded : inbound?.packetsReceived;
  return (count ?? 0) > 0;
}
