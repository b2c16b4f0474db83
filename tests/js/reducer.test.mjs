import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { INITIAL, reduce } from "../../conferences/static/conferences/meeting/state/reducer.js";
import { isHost, largeTile, movingCameras, rosterOf, tilesOf } from "../../conferences/static/conferences/meeting/state/selectors.js";

const example = (name) => JSON.parse(readFileSync(new URL(`../data/signalling/${name}.json`, import.meta.url), "utf8"));
const JOINED = example("joined");
const [HOST, MEMBER, GUEST] = JOINED.participants;
const after = (...events) => events.reduce(reduce, reduce(INITIAL, JOINED));
const updated = (participant, changes) => ({ type: "participant_updated", participant: { ...participant, ...changes } });

test("joining shows who is there", () => {
  const state = after();
  assert.equal(state.phase, "joined");
  assert.deepEqual(state.participants.map(({ id }) => id), [HOST.id, MEMBER.id, GUEST.id]);
  assert.ok(isHost(state));
});

test("waiting, then joined", () => {
  const waiting = reduce(INITIAL, example("waiting"));
  assert.deepEqual([waiting.phase, waiting.waitingReason], ["waiting", "lobby"]);
  assert.equal(reduce(waiting, JOINED).phase, "joined");
});

test("participants come, change and go", () => {
  const newcomer = { ...MEMBER, id: "n3wc0mer", name: "New" };
  const state = after({ type: "participant_joined", participant: newcomer }, updated(newcomer, { quality: "poor" }));
  assert.equal(state.participants.at(-1).quality, "poor");
  const gone = reduce(state, { type: "participant_left", participant: newcomer.id, reason: "left" });
  assert.deepEqual(gone.participants.map(({ id }) => id), [HOST.id, MEMBER.id, GUEST.id]);
  assert.equal(gone.notice.code, "participant_left");
});

test("a participant who is announced twice is there once", () => {
  assert.equal(after({ type: "participant_joined", participant: MEMBER }).participants.length, 3);
});

test("a raised hand of somebody else is announced, and hands stand first in the order they went up", () => {
  const state = after(updated(MEMBER, { hand_raised_at: "2026-11-24T00:59:00+00:00" }));
  assert.deepEqual([state.notice.code, state.notice.name], ["hand_raised", MEMBER.name]);
  assert.deepEqual(rosterOf(state).map(({ participant, hand }) => [participant.id, hand]), [[MEMBER.id, 1], [GUEST.id, 2], [HOST.id, 0]]);
});

test("a camera that is off, paused or not on the screen need not move, and in a frozen meeting none need", () => {
  const on = { muted: { ...MEMBER.muted, camera: false } };
  const state = after(updated(MEMBER, on), updated(GUEST, on));
  const tiles = [MEMBER, GUEST].map(({ id }) => ({ participant: id, source: "camera" }));
  assert.deepEqual([...movingCameras(state, tiles)], [MEMBER.id, GUEST.id]);
  assert.deepEqual([...movingCameras(state, tiles.slice(1))], [GUEST.id]);
  assert.deepEqual([...movingCameras({ ...state, paused: [`${GUEST.id}/camera`] }, tiles)], [MEMBER.id]);
  assert.deepEqual([...movingCameras(reduce(state, updated(GUEST, { muted: { ...GUEST.muted, camera: true } })), tiles)], [MEMBER.id]);
  assert.equal(movingCameras({ ...state, frozen: true }, tiles).size, 0);
});

test("chat counts as unread until the panel is open, and nothing appears twice", () => {
  const message = example("chat_message");
  const state = after(message, message, { ...message, id: "own", participant: HOST.id });
  assert.deepEqual([state.messages.length, state.unread], [2, 1]);
  const open = reduce(state, { type: "panel_opened", panel: "chat" });
  assert.equal(open.unread, 0);
  assert.equal(reduce(open, { ...message, id: "next" }).unread, 0);
});

test("the stage keeps the last dominant speaker, who is never you", () => {
  const spoken = after(example("speakers"));
  assert.equal(spoken.stageSpeaker, MEMBER.id);
  const silent = reduce(spoken, { type: "speakers", speakers: [], dominant: null });
  assert.equal(silent.stageSpeaker, MEMBER.id);
  assert.equal(reduce(silent, { type: "speakers", speakers: [{ participant: HOST.id, level: -20 }], dominant: HOST.id }).stageSpeaker, MEMBER.id);
});

test("a shared screen stands large without being asked, and a pin overrules it", () => {
  const shared = after(updated(MEMBER, { muted: { ...MEMBER.muted, screen: false } }));
  assert.equal(largeTile(shared, tilesOf(shared)), `${MEMBER.id}/screen`);
  const pinned = reduce(shared, { type: "tile_pinned", key: `${GUEST.id}/camera` });
  assert.equal(largeTile(pinned, tilesOf(pinned)), `${GUEST.id}/camera`);
  const unpinned = reduce(pinned, { type: "tile_pinned", key: `${GUEST.id}/camera` });
  assert.equal(unpinned.pinned, null);
});

test("a pin goes with its participant", () => {
  const state = after({ type: "tile_pinned", key: `${GUEST.id}/camera` }, { type: "participant_left", participant: GUEST.id, reason: "removed" });
  assert.equal(state.pinned, null);
  assert.equal(state.notice.code, "participant_removed");
});

test("a grid has no large tile and shows you before the others", () => {
  const state = after();
  const tiles = tilesOf(state);
  assert.equal(largeTile(state, tiles), null);
  assert.deepEqual(tiles.map(({ key, own }) => [key, own]), [[`${HOST.id}/camera`, true], [`${MEMBER.id}/camera`, false], [`${GUEST.id}/camera`, false]]);
});

test("speaker view shows who spoke last, or else somebody other than you", () => {
  const state = after({ type: "view_chosen", view: "speaker" });
  assert.equal(largeTile(state, tilesOf(state)), `${MEMBER.id}/camera`);
});

test("a lost connection keeps the picture, and coming back is announced", () => {
  const lost = after({ type: "link_lost" });
  assert.deepEqual([lost.phase, lost.linked], ["joined", false]);
  assert.equal(reduce(lost, { ...JOINED, resumed: true }).notice.code, "returned");
});

test("the first reason for the end stays", () => {
  const state = after(example("removed"), { type: "over", reason: "duplicate" });
  assert.deepEqual([state.phase, state.overReason], ["over", "removed"]);
});

test("a waiting guest is announced once", () => {
  const late = { id: "l4te", name: "Late", since: "2026-11-24T01:04:00+00:00" };
  const state = after({ type: "waiting_changed", waiting: [...JOINED.waiting, late] });
  assert.deepEqual([state.notice.code, state.notice.name], ["guest_waiting", "Late"]);
  assert.equal(reduce(state, { type: "waiting_changed", waiting: [late] }).notice.id, state.notice.id);
});

test("an unknown event changes nothing", () => {
  const state = after();
  assert.equal(reduce(state, example("pong")), state);
});
