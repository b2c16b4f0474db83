/**
 * Asks the server to tell what is delivered while the statistics are open, and anew when it has forgotten.
 *
 * @import {State, StateEvent} from "./state/reducer.js"
 * @import {Store} from "./state/store.js"
 */

/**
 * @param {Pick<Store<State, StateEvent>, "subscribe">} store
 * @param {(on: boolean) => void} ask
 */
export function watchDelivery(store, ask) {
  let asked = 0;
  store.subscribe(({ panel, phase, linked, mediaLive, epoch }) => {
    const isIn = phase === "joined" && linked && mediaLive;
    const wanted = panel === "statistics" && isIn ? epoch : 0;
    if (wanted === asked) return;
    asked = wanted;
    if (isIn) ask(wanted > 0);
  });
}
