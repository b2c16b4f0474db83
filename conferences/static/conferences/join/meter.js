/** How loud the microphone is, for the eye. */

const FLOOR_DB = -60;

/** @param {Float32Array} samples −1…1 @returns {number} 0 (silence) … 1 (full scale), linear in decibels */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length || Number.MIN_VALUE);
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}

/** Reads one track's level until stopped. */
export class LevelMeter {
  #context = new AudioContext();
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  #frame = 0;

  constructor() {
    // without a click on the page browsers may hold the context back
    document.addEventListener("pointerdown", () => void this.#context.resume(), { once: true });
  }

  /** @param {MediaStreamTrack} track @param {(level: number) => void} show called once a frame */
  start(track, show) {
    this.stop();
    const analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const read = () => {
      analyser.getFloatTimeDomainData(samples);
      show(loudness(samples));
      this.#frame = requestAnimationFrame(read);
    };
    read();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#source?.disconnect();
    this.#source = null;
  }
}
