/**
 * What the screens show, computed from the state. Pure.
 *
 * @import {Participant, Source} from "../signalling/messages.js"
 * @import {State} from "./reducer.js"
 */

/** @typedef {{key: string, participant: Participant, source: "camera" | "screen", own: boolean}} TileFace */

/**
 * The tiles of the meeting: screens first, then you, then the others in the order they came.
 *
 * @param {State} state
 * @returns {TileFace[]}
 */
export function tilesOf(state) {
  const screens = state.participants.filter(({ muted }) => !muted.screen).map((one) => face(state, one, "screen"));
  const you = state.participants.filter(({ id }) => id === state.you);
  const others = state.participants.filter(({ id }) => id !== state.you);
  return [...screens, ...[...you, ...others].map((one) => face(state, one, "camera"))];
}

/**
 * Key of the tile that stands large, or null for a grid of equals: what is pinned, else the newest screen of somebody else, else in
 * speaker view who spoke last.
 *
 * @param {State} state
 * @param {TileFace[]} tiles
 * @returns {string | null}
 */
export function largeTile(state, tiles) {
  if (state.pinned !== null && tiles.some(({ key }) => key === state.pinned)) return state.pinned;
  const screens = tiles.filter(({ source }) => source === "screen");
  const screen = screens.findLast(({ own }) => !own) ?? screens.at(-1);
  if (screen) return screen.key;
  if (state.view === "grid") return null;
  const speaker = tiles.find(({ participant }) => participant.id === state.stageSpeaker);
  return (speaker ?? tiles.find(({ own }) => !own) ?? tiles[0])?.key ?? null;
}

/**
 * Whose camera should move on the screen: nobody's in a frozen meeting, none that is paused or off.
 *
 * @param {Pick<State, "frozen" | "paused" | "participants">} state
 * @param {readonly {participant: string, source: Source}[]} tiles what is on the screen
 * @returns {Set<string>} participant ids
 */
export function movingCameras({ frozen, paused, participants }, tiles) {
  const shown = new Set(tiles.map(({ participant, source }) => `${participant}/${source}`));
  for (const key of paused) shown.delete(key);
  const moving = participants.filter(({ id, muted }) => !frozen && !muted.camera && shown.has(`${id}/camera`));
  return new Set(moving.map(({ id }) => id));
}

/**
 * The roster's order: raised hands in the order they went up, then hosts, members and guests as they came.
 *
 * @param {State} state
 * @returns {{participant: Participant, hand: number}[]} `hand` is the place in the queue, 0 without a raised hand
 */
export function rosterOf(state) {
  const hands = state.participants.filter(({ hand_raised_at }) => hand_raised_at !== null);
  hands.sort((a, b) => String(a.hand_raised_at).localeCompare(String(b.hand_raised_at)));
  const ranks = { host: 0, member: 1, guest: 2 };
  const rest = state.participants.filter(({ hand_raised_at }) => hand_raised_at === null);
  rest.sort((a, b) => ranks[a.role] - ranks[b.role]);
  return [
    ...hands.map((participant, index) => ({ participant, hand: index + 1 })),
    ...rest.map((participant) => ({ participant, hand: 0 })),
  ];
}

/** @param {State} state @returns {Participant | undefined} your own entry in the roster */
export function yourself(state) {
  return state.participants.find(({ id }) => id === state.you);
}

/** @param {State} state @returns {boolean} */
export function isHost(state) {
  return yourself(state)?.role === "host";
}

/** @param {State} state @param {Participant} participant @param {"camera" | "screen"} source @returns {TileFace} */
function face(state, participant, source) {
  return { key: `${participant.id}/${source}`, participant, source, own: participant.id === state.you };
}
