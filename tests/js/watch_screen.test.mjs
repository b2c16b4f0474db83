import assert from "node:assert/strict";
import { test } from "node:test";

import { watchScreen } from "../../conferences/static/conferences/meeting/watch_screen.js";

const shared = (width, height) => ({ size: { width, height }, getSettings() { return this.size; } });

test("a window that has its new size for two looks is planned anew, once", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let track = null;
  let resized = 0;
  watchScreen(() => track, () => resized++);
  const look = (width) => {
    if (width) track.size = { width, height: 600 };
    t.mock.timers.tick(2_000);
    return resized;
  };
  assert.equal(look(), 0);
  track = shared(800, 600);
  assert.deepEqual([look(), look(), look(900), look(1000), look(1100)], [0, 0, 0, 0, 0]);
  assert.deepEqual([look(), look()], [1, 1]);
  track = shared(1920, 600);
  assert.deepEqual([look(), look()], [1, 1]);
});
