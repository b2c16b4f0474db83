import assert from "node:assert/strict";
import { test } from "node:test";

import { merged } from "../../conferences/static/conferences/meeting/media/handover.js";

const track = (participant, source, place) => ({ participant, source, place });
const places = (tracks) => Object.fromEntries(tracks.map(({ participant, source, place }) => [`${participant}/${source}`, place]));

test("a track changes over when the new one is ready, and not before", () => {
  const old = [track("ann", "camera", "old"), track("ann", "microphone", "old")];
  const fresh = [track("ann", "camera", "new"), track("ann", "microphone", "new")];
  assert.deepEqual(places(merged(old, fresh, ({ source }) => source === "microphone")), { "ann/camera": "old", "ann/microphone": "new" });
  assert.deepEqual(places(merged(old, fresh, () => true)), { "ann/camera": "new", "ann/microphone": "new" });
});

test("what only one connection carries is shown as it is", () => {
  const old = [track("ann", "camera", "old")];
  const fresh = [track("bob", "camera", "new")];
  assert.deepEqual(places(merged(old, fresh, () => false)), { "bob/camera": "new", "ann/camera": "old" });
});

test("before the new connection has offered anything, everything is old", () => {
  assert.deepEqual(places(merged([track("ann", "screen", "old")], [], () => false)), { "ann/screen": "old" });
});
