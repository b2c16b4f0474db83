/**
 * The resume token of this tab, kept over a reload. A token is good once; the next one comes with each `joined`.
 *
 * sessionStorage belongs to the tab, but the browser copies it when a tab is duplicated. Therefore the token is taken out while it is
 * used, and put back only when the page goes away: a duplicate then finds none and joins as a second tab does.
 */

const KEY = "liveon.resume";

/** @param {string} room */
function keyOf(room) {
  return `${KEY}.${room}`;
}

/**
 * Takes the token that the page left behind when it was reloaded.
 *
 * @param {string} room public id
 * @returns {string | null}
 */
export function takeToken(room) {
  try {
    const token = sessionStorage.getItem(keyOf(room));
    sessionStorage.removeItem(keyOf(room));
    return token;
  } catch {
    return null;
  }
}

/**
 * Leaves the token for the page that comes after a reload.
 *
 * @param {string} room public id
 * @param {string} token
 */
export function leaveToken(room, token) {
  try {
    sessionStorage.setItem(keyOf(room), token);
  } catch {
    // Storage is switched off: the reloaded page joins anew.
  }
}
