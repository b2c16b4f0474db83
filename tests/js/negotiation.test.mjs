import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Publisher } from "../../conferences/static/conferences/meeting/media/publisher.js";
import { Subscriber } from "../../conferences/static/conferences/meeting/media/subscriber.js";

/** Takes one change of its parameters at a time, as browsers do. */
function fakeSender(track, encodings) {
  let changing = false;
  const sender = {
    track,
    parameters: { encodings },
    replaceTrack: async (next) => (sender.track = next),
    getParameters: () => structuredClone(sender.parameters),
    setParameters: async (next) => {
      if (changing) throw new DOMException("one at a time", "InvalidStateError");
      changing = true;
      await settled();
      changing = false;
      sender.parameters = next;
    },
  };
  return sender;
}

class FakePeerConnection {
  signalingState = "stable";
  connectionState = "new";
  localDescription = null;
  offers = 0;
  restarts = [];
  transceivers = [];
  applied = [];

  addTransceiver(track, init) {
    const transceiver = { mid: null, currentDirection: null, init, sender: fakeSender(track, init.sendEncodings) };
    transceiver.setCodecPreferences = (codecs) => (transceiver.codecs = codecs.map(({ mimeType }) => mimeType));
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async createOffer({ iceRestart }) {
    this.restarts.push(iceRestart);
    this.offers += 1;
    return { type: "offer", sdp: `offer ${this.offers}` };
  }

  async setLocalDescription(description = { type: "answer", sdp: `answer to ${this.applied.at(-1)}` }) {
    if (description.type === "rollback") this.signalingState = "stable";
    else this.localDescription = description;
    if (description.type !== "offer") return;
    this.signalingState = "have-local-offer";
    this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
  }

  async setRemoteDescription({ type, sdp }) {
    await null;
    this.applied.push(sdp);
    if (sdp === "broken") throw new Error("broken");
    if (type === "answer") this.signalingState = "stable";
    for (const transceiver of this.transceivers) transceiver.currentDirection = "sendonly";
  }

  getTransceivers() {
    return this.receiving ?? this.transceivers;
  }

  close() {
    this.signalingState = "closed";
  }
}

const track = (kind, size = {}) => ({ kind, getSettings: () => size });
const CAMERA = track("video", { width: 1280, height: 720 });
const CODECS = ["video/VP8", "video/rtx", "video/H264"].map((mimeType) => ({ mimeType }));
let sent, wanted;

beforeEach(() => {
  globalThis.RTCPeerConnection = FakePeerConnection;
  globalThis.RTCRtpSender = globalThis.RTCRtpReceiver = { getCapabilities: () => ({ codecs: CODECS }) };
  wanted = ["vp8"];
  sent = [];
});

function newPublisher() {
  const published = [];
  const offer = (transportId, sdp, sources) => sent.push({ transportId, sdp, sources });
  const onPublished = (source) => published.push(source);
  const publisher = new Publisher({ transportId: "publish-1", iceServers: [], codecs: () => wanted, offer, onPublished });
  return { publisher, published };
}

test("what is added before the first offer goes out in one, and each source is published once", async () => {
  const { publisher, published } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  await publisher.setTrack("camera", CAMERA);
  await publisher.negotiate();
  assert.deepEqual(sent, [{ transportId: "publish-1", sdp: "offer 1", sources: { 0: "microphone", 1: "camera" } }]);
  await publisher.accept("publish-1", "answer");
  await publisher.accept("publish-1", "answer");
  assert.deepEqual(published, ["microphone", "camera"]);
});

test("one offer is in flight at a time; what changes meanwhile is offered afterwards", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  await publisher.negotiate();
  await publisher.setTrack("screen", track("video"));
  await publisher.negotiate();
  assert.equal(sent.length, 1);
  await publisher.accept("publish-1", "answer 1");
  assert.deepEqual(sent[1].sources, { 0: "microphone", 1: "screen" });
});

test("switching off and on again needs no offer", async () => {
  const { publisher } = newPublisher();
  assert.equal(await publisher.setTrack("camera", CAMERA), true);
  assert.equal(await publisher.setTrack("camera", null), false);
  assert.equal(await publisher.setTrack("camera", CAMERA), false);
});

test("video goes out in layers of VP8, in any other codec as one stream", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("camera", CAMERA);
  wanted = ["h264"];
  await publisher.setTrack("screen", track("video"));
  const [camera, screen] = publisher.pc.transceivers;
  assert.deepEqual([camera.init.sendEncodings.length, camera.codecs], [3, ["video/VP8", "video/rtx"]]);
  assert.deepEqual([screen.init.sendEncodings.length, screen.codecs], [1, ["video/H264", "video/VP8", "video/rtx"]]);
});

test("a source goes on in another codec in an m-line of its own, offered when the answer in flight is there", async () => {
  const { publisher, published } = newPublisher();
  wanted = ["h264"];
  await publisher.setTrack("camera", CAMERA);
  await publisher.negotiate();
  wanted = [];
  await publisher.recode("camera");
  assert.equal(sent.length, 1);
  await publisher.accept("publish-1", "answer");
  const [before, after] = publisher.pc.transceivers;
  assert.equal(before.direction, "inactive");
  assert.deepEqual([after.init.sendEncodings.length, after.sender.track], [3, CAMERA]);
  assert.deepEqual(sent[1].sources, { 1: "camera" });
  await publisher.accept("publish-1", "answer");
  assert.deepEqual(published, ["camera"]);
});

test("a source that is off takes another codec when it is on again", async () => {
  const { publisher } = newPublisher();
  await publisher.recode("camera");
  assert.deepEqual(sent, []);
  await publisher.setTrack("camera", CAMERA);
  await publisher.negotiate();
  await publisher.accept("publish-1", "answer");
  await publisher.setTrack("camera", null);
  await publisher.recode("camera");
  await publisher.accept("publish-1", "answer");
  assert.deepEqual(sent[1].sources, {});
  assert.equal(await publisher.setTrack("camera", CAMERA), true);
  assert.equal(publisher.pc.transceivers.length, 2);
});

test("a camera of another size class does not fit the connection", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("camera", CAMERA);
  assert.ok(publisher.fits("camera", track("video", { width: 1920, height: 1080 })));
  assert.ok(!publisher.fits("camera", track("video", { width: 640, height: 360 })));
});

test("a screen of another size class does not fit, and one of the same brings its own bitrate", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("screen", track("video", { width: 1920, height: 1080 }));
  assert.ok(!publisher.fits("screen", track("video", { width: 640, height: 480 })));
  const [low, high] = encodings(publisher);
  await publisher.setTrack("screen", track("video", { width: 3840, height: 2160 }));
  await adjusted();
  const [lowNow, highNow] = encodings(publisher);
  assert.ok(highNow.maxBitrate > high.maxBitrate);
  assert.ok(lowNow.scaleResolutionDownBy > low.scaleResolutionDownBy);
});

const encodings = (publisher) => publisher.pc.transceivers[0].sender.parameters.encodings;
const active = (publisher) => encodings(publisher).flatMap((encoding) => (encoding.active ? [encoding.rid] : []));

async function adjusted() {
  for (let change = 0; change < 5; change += 1) await settled();
}

async function cameraPublisher() {
  const { publisher } = newPublisher();
  await publisher.setTrack("camera", CAMERA);
  await publisher.negotiate();
  await publisher.accept("publish-1", "answer");
  return publisher;
}

test("layers that nobody watches are switched off and on again without an offer", async () => {
  const publisher = await cameraPublisher();
  await adjusted();
  assert.deepEqual(active(publisher), ["low", "medium", "high"]);
  publisher.sendLayers("camera", ["low"]);
  publisher.sendLayers("camera", []);
  publisher.sendLayers("camera", ["high"]);
  await adjusted();
  assert.deepEqual([active(publisher), sent.length], [["high"], 1]);
});

test("what nobody watches stays off when the camera is switched on again", async () => {
  const publisher = await cameraPublisher();
  publisher.sendLayers("camera", ["medium"]);
  await publisher.setTrack("camera", null);
  await publisher.setTrack("camera", CAMERA);
  await adjusted();
  assert.deepEqual(active(publisher), ["medium"]);
});

test("what is watched of a source that is not agreed upon yet waits for the answer", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("camera", CAMERA);
  publisher.sendLayers("screen", ["low"]);
  publisher.sendLayers("camera", ["low"]);
  await adjusted();
  assert.deepEqual(active(publisher), []);
  await publisher.negotiate();
  await publisher.accept("publish-1", "answer");
  await adjusted();
  assert.deepEqual(active(publisher), ["low"]);
});

test("an answer for another connection is not taken", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  await publisher.negotiate();
  await publisher.accept("publish-0", "old answer");
  assert.ok(publisher.isNegotiating);
});

test("a lost answer is asked for again, and a refused offer is taken back", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  await publisher.negotiate();
  publisher.resend();
  assert.deepEqual(sent.map(({ sdp }) => sdp), ["offer 1", "offer 1"]);
  await publisher.refuse();
  publisher.resend();
  assert.equal(sent.length, 2);
});

test("an ICE restart is an offer that says so, once", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  await publisher.negotiate();
  await publisher.restartIce();
  await publisher.accept("publish-1", "answer");
  await publisher.accept("publish-1", "answer");
  await publisher.negotiate();
  assert.deepEqual(publisher.pc.restarts, [false, true, false]);
});

test("a connection that is closed in the middle of an offer says nothing", async () => {
  const { publisher } = newPublisher();
  await publisher.setTrack("microphone", track("audio"));
  publisher.pc.createOffer = async () => {
    publisher.close();
    throw new DOMException("closed", "InvalidStateError");
  };
  await publisher.negotiate();
  assert.equal(await publisher.setTrack("camera", CAMERA), false);
  assert.deepEqual(sent, []);
});

function newSubscriber() {
  const seen = [];
  const subscriber = new Subscriber({
    transportId: "subscribe-1",
    iceServers: [],
    answer: (transportId, revision, sdp) => sent.push([transportId, revision, sdp]),
    onTracks: (tracks) => seen.push(tracks.map(({ participant, source, track: { id } }) => `${participant}/${source}=${id}`)),
    onFailed: () => seen.push("failed"),
  });
  subscriber.pc.receiving = ["a", "b"].map((id, index) => ({ mid: String(index), receiver: { track: { id } } }));
  return { subscriber, seen };
}

const offer = (revision, sdp, tracks = [], transport_id = "subscribe-1") => ({ type: "subscribe_offer", transport_id, revision, sdp, tracks });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("offers are answered in the order they came, with their revision", async () => {
  const { subscriber } = newSubscriber();
  subscriber.take(offer(1, "one"));
  subscriber.take(offer(2, "two"));
  await settled();
  assert.deepEqual(sent, [["subscribe-1", 1, "answer to one"], ["subscribe-1", 2, "answer to two"]]);
});

test("tracks are found by their mid, and unknown ones are left out", async () => {
  const { subscriber, seen } = newSubscriber();
  const tracks = [{ mid: "1", participant: "p1", source: "camera" }, { mid: "9", participant: "p2", source: "camera" }];
  subscriber.take(offer(1, "one", tracks));
  await settled();
  assert.deepEqual(seen, [["p1/camera=b"]]);
});

test("an offer for another connection or an older revision is ignored", async () => {
  const { subscriber } = newSubscriber();
  subscriber.take(offer(2, "two"));
  subscriber.take(offer(1, "late"));
  subscriber.take(offer(3, "foreign", [], "subscribe-0"));
  await settled();
  assert.deepEqual(sent.map(([, revision]) => revision), [2]);
});

test("an offer that cannot be applied asks for a new connection", async () => {
  const { subscriber, seen } = newSubscriber();
  subscriber.take(offer(1, "broken"));
  await settled();
  assert.deepEqual([sent, seen], [[], ["failed"]]);
});

test("a connection that is closed in the middle of an offer asks for nothing", async () => {
  const { subscriber, seen } = newSubscriber();
  subscriber.take(offer(1, "broken"));
  subscriber.close();
  await settled();
  assert.deepEqual([sent, seen], [[], []]);
});
