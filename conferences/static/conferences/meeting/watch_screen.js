/** Notices when a shared window has been given another size: what is sent of it is planned anew. */

const INTERVAL_MS = 2_000;

/**
 * @param {() => MediaStreamTrack | null} shared the screen that is shared now
 * @param {() => void} resized it has had another size for two looks: while a window is being pulled it changes all the time
 */
export function watchScreen(shared, resized) {
  /** @type {MediaStreamTrack | null} */
  let track = null;
  let planned = "";
  let last = "";
  setInterval(() => {
    const now = shared();
    const size = sizeOf(now);
    if (now !== track) planned = size;
    else if (size === last && size !== planned) {
      planned = size;
      resized();
    }
    track = now;
    last = size;
  }, INTERVAL_MS);
}

/** @param {MediaStreamTrack | null} track */
function sizeOf(track) {
  const { width, height } = track?.getSettings() ?? {};
  return `${width}×${height}`;
}
