/** A short, soft chord on the chosen speaker. */

const NOTES_HZ = [523.25, 659.25, 783.99];
const STEP_S = 0.18;
const LENGTH_S = 0.9;

/** @param {string} deviceId "" for the system's choice */
export async function playTestTone(deviceId) {
  const context = new AudioContext();
  await choose(context, deviceId);
  NOTES_HZ.forEach((frequency, place) => play(context, frequency, context.currentTime + place * STEP_S));
  setTimeout(() => void context.close(), (NOTES_HZ.length * STEP_S + LENGTH_S) * 1000);
}

/** @param {AudioContext} context @param {string} deviceId */
async function choose(context, deviceId) {
  const sink = /** @type {{ setSinkId?: (id: string) => Promise<void> }} */ (/** @type {unknown} */ (context));
  if (deviceId) await sink.setSinkId?.(deviceId).catch(() => undefined); // unplugged meanwhile: the system's speaker plays
}

/** @param {AudioContext} context @param {number} frequency @param {number} start */
function play(context, frequency, start) {
  const tone = new OscillatorNode(context, { frequency });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.linearRampToValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.15, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, start + LENGTH_S);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + LENGTH_S);
}

/** Whether the browser lets a page choose the speaker (Safari and older Firefox do not). */
export function canChooseSpeaker() {
  return "setSinkId" in HTMLMediaElement.prototype;
}
