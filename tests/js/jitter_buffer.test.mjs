import assert from "node:assert/strict";
import { test } from "node:test";

import { JitterBuffer } from "../../conferences/static/conferences/meeting/media/jitter_buffer.js";

const CLEAN = { lossPercent: 0.5, roundTripMs: 100 };
const LOSSY = { lossPercent: 5, roundTripMs: 100 };

test("a clean path leaves the wait to the browser", () => {
  assert.equal(new JitterBuffer().target(CLEAN, 0), null);
});

test("on a lossy path pictures wait for a round trip and a bit", () => {
  assert.equal(new JitterBuffer().target(LOSSY, 0), 180);
});

test("an unknown round trip is none, a long one is too long to wait for", () => {
  assert.equal(new JitterBuffer().target({ ...LOSSY, roundTripMs: null }, 0), 80);
  assert.equal(new JitterBuffer().target({ ...LOSSY, roundTripMs: 900 }, 0), 250);
});

test("small changes of the round trip do not move pictures", () => {
  const buffer = new JitterBuffer();
  buffer.target(LOSSY, 0);
  assert.equal(buffer.target({ ...LOSSY, roundTripMs: 130 }, 2_000), 180);
  assert.equal(buffer.target({ ...LOSSY, roundTripMs: 150 }, 4_000), 230);
});

test("the wait ends half a minute after the last loss", () => {
  const buffer = new JitterBuffer();
  buffer.target(LOSSY, 0);
  assert.equal(buffer.target(CLEAN, 20_000), 180);
  buffer.target(LOSSY, 25_000);
  assert.equal(buffer.target(CLEAN, 55_000), 180);
  assert.equal(buffer.target(CLEAN, 57_000), null);
});
