import assert from "node:assert/strict";
import { test } from "node:test";

import { JitterBuffer } from "../../conferences/static/conferences/meeting/media/jitter_buffer.js";

const CLEAN = { lost: 0, asked: 1, dropped: 0 };
const LOSSY = { lost: 15, asked: 15, dropped: 0 };

/** A video of 300 packets and 50 frames every two seconds, from the beginning. */
class Video {
  #entry = { id: "v", type: "inbound-rtp", packetsReceived: 0, packetsLost: 0, nackCount: 0, framesReceived: 0, framesDropped: 0 };
  #buffer = new JitterBuffer();
  #now = 0;

  constructor() {
    this.#buffer.target({ ...this.#entry }, null, 0);
  }

  after({ lost, asked, dropped }, roundTripMs = 100, seconds = 2) {
    const { packetsReceived, packetsLost, nackCount, framesReceived, framesDropped } = this.#entry;
    this.#now += seconds * 1000;
    this.#entry = {
      ...this.#entry,
      packetsReceived: packetsReceived + 300,
      packetsLost: packetsLost + lost,
      nackCount: nackCount + asked,
      framesReceived: framesReceived + 50,
      framesDropped: framesDropped + dropped,
    };
    return this.#buffer.target({ ...this.#entry }, roundTripMs, this.#now);
  }
}

test("where nothing is lost the wait is left to the browser", () => {
  assert.equal(new Video().after(CLEAN), null);
});

test("where packets are lost pictures wait for a round trip and a bit", () => {
  assert.equal(new Video().after(LOSSY), 180);
});

test("what the sender's network lost counts, though it has come since", () => {
  assert.equal(new Video().after({ lost: 0, asked: 15, dropped: 0 }, 2), 82);
});

test("an unknown round trip is none, a long one is too long to wait for", () => {
  assert.equal(new Video().after(LOSSY, null), 80);
  assert.equal(new Video().after(LOSSY, 900), 250);
});

test("pictures that still come too late wait longer, up to what a conversation bears", () => {
  const video = new Video();
  const late = { ...LOSSY, dropped: 5 };
  assert.deepEqual([video.after(late, 2), video.after(late, 2), video.after(late, 2)], [82, 122, 162]);
  assert.equal(video.after(LOSSY, 2), 162);
  assert.deepEqual([video.after(late, 2), video.after(late, 2), video.after(late, 2), video.after(late, 2)], [202, 242, 250, 250]);
});

test("small changes of the round trip do not move pictures", () => {
  const video = new Video();
  video.after(LOSSY);
  assert.equal(video.after(LOSSY, 130), 180);
  assert.equal(video.after(LOSSY, 150), 230);
});

test("the wait ends half a minute after the last loss", () => {
  const video = new Video();
  video.after(LOSSY);
  assert.equal(video.after(CLEAN, 100, 20), 180);
  video.after(LOSSY);
  assert.equal(video.after(CLEAN, 100, 30), 180);
  assert.equal(video.after(CLEAN), null);
});

test("another stream in its place begins anew", () => {
  const buffer = new JitterBuffer();
  const entry = { id: "v", type: "inbound-rtp", packetsReceived: 9000, packetsLost: 400, nackCount: 400, framesReceived: 900, framesDropped: 90 };
  buffer.target(entry, 100, 0);
  assert.equal(buffer.target({ id: "w", type: "inbound-rtp", packetsReceived: 30 }, 100, 2_000), null);
});
