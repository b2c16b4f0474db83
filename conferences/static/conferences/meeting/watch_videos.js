/**
 * Looks every few seconds which videos stand still although they should move, and tells the state.
 *
 * @import {RemoteTrack} from "./media/subscriber.js"
 * @import {State, StateEvent} from "./state/reducer.js"
 * @import {Store} from "./state/store.js"
 */

import { framesReceived, stalledVideos } from "./media/stats.js";

const INTERVAL_MS = 4_000;

/**
 * @param {Store<State, StateEvent>} store
 * @param {() => RemoteTrack[]} watched videos that are on the screen and should move
 */
export function watchVideos(store, watched) {
  /** @type {Map<string, number>} */
  let before = new Map();
  setInterval(async () => {
    const isSeen = !document.hidden && store.state.phase === "joined";
    const after = isSeen ? await framesReceived(watched()) : new Map(); // what nobody sees may rest
    store.dispatch({ type: "videos_stalled", keys: stalledVideos(before, after) });
    before = after;
  }, INTERVAL_MS);
}
