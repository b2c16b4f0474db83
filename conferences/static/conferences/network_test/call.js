/**
 * A call with oneself: the test picture and sound go to the media server and come back, and both ends are measured.
 *
 * @import {Signal} from "./signal.js"
 * @import {Sample} from "./figures.js"
 * @import {Synthetic} from "./synthetic.js"
 * @import {Source} from "../meeting/signalling/messages.js"
 */

import { Publisher } from "../meeting/media/publisher.js";
import { entriesOf } from "../meeting/media/stats.js";
import { Subscriber } from "../meeting/media/subscriber.js";
import { sampleOf } from "./figures.js";
import { stands } from "./paths.js";

const CONNECT_MS = 12_000;
const MEASURE_MS = 12_000;
const SAMPLE_MS = 500;

/**
 * @param {Signal} signal
 * @param {Synthetic} media
 * @param {RTCIceServer[]} iceServers
 * @param {(share: number) => void} onProgress 0…1
 * @returns {Promise<Sample[]>} empty when the call did not come about
 */
export async function callOneself(signal, media, iceServers, onProgress) {
  const publisher = publisherOf(signal, iceServers);
  const subscriber = subscriberOf(signal, iceServers);
  try {
    const picture = publisher.setTrack("camera", media.picture);
    await Promise.all([picture, publisher.setTrack("microphone", media.sound)]);
    await publisher.negotiate();
    signal.subscribe(subscriber.transportId);
    const connected = await Promise.all([stands(publisher.pc, CONNECT_MS), stands(subscriber.pc, CONNECT_MS)]);
    return connected.every(Boolean) ? await measure(publisher.pc, subscriber.pc, onProgress) : [];
  } finally {
    publisher.close();
    subscriber.close();
  }
}

/** @param {RTCPeerConnection} up @param {RTCPeerConnection} down @param {(share: number) => void} onProgress */
async function measure(up, down, onProgress) {
  /** @type {Sample[]} */
  const samples = [];
  for (let passed = 0; passed <= MEASURE_MS; passed += SAMPLE_MS) {
    samples.push(sampleOf(await entriesOf(up), await entriesOf(down), performance.now()));
    onProgress(passed / MEASURE_MS);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  return samples;
}

/** @param {Signal} signal @param {RTCIceServer[]} iceServers */
function publisherOf(signal, iceServers) {
  /** @type {Publisher} */
  const publisher = new Publisher({
    transportId: `publish-${crypto.randomUUID()}`,
    iceServers,
    codecs: () => [], // VP8, which every browser has
    offer: (transportId, sdp, sources) => void offer(transportId, sdp, sources),
    onPublished: () => {},
  });
  /** @param {string} transportId @param {string} sdp @param {Record<string, Source>} sources */
  const offer = async (transportId, sdp, sources) => {
    const answer = await signal.publish(transportId, sdp, sources).catch(() => null);
    if (answer) await publisher.accept(transportId, answer.sdp);
  };
  return publisher;
}

/** The picture is decoded as in a meeting, by an element that nobody sees. @param {Signal} signal @param {RTCIceServer[]} iceServers */
function subscriberOf(signal, iceServers) {
  const subscriber = new Subscriber({
    transportId: `subscribe-${crypto.randomUUID()}`,
    iceServers,
    answer: (transportId, revision, sdp) => signal.answer(transportId, revision, sdp),
    onTracks: (tracks) => tracks.filter(({ source }) => source === "camera").forEach(({ track }) => watch(track)),
    onFailed: () => {},
  });
  signal.onOffer = (offer) => subscriber.take(offer);
  return subscriber;
}

/** @param {MediaStreamTrack} track */
function watch(track) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: new MediaStream([track]) });
  void video.play().catch(() => {}); // it plays as soon as there is something
}
