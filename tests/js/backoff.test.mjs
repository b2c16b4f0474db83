import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../../conferences/static/conferences/meeting/signalling/backoff.js";

const middle = () => 0.5;

test("the first tries come quickly and then every two seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 19].map((attempt) => backoff(attempt, middle)), [300, 600, 1200, 2000, 2000, 2000]);
});

test("a server that stays away is asked every ten seconds", () => {
  assert.equal(backoff(20, middle), 10_000);
  assert.equal(backoff(10_000, middle), 10_000);
});

test("a quarter either way is left to chance", () => {
  assert.equal(backoff(3, () => 0), 1500);
  assert.ok(backoff(3, () => 0.999) <= 2500);
});
