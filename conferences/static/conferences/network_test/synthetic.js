/** A picture and a sound of the page's own, so that no camera and no microphone is needed. */

const SIZE = { width: 960, height: 540 };
const FRAME_RATE = 15;
const NOISE_HEIGHT = 80; // enough to take all the bits there are; with more of it encoders leave out frames
const GRAIN = 4; // pixels

/** @typedef {{picture: MediaStreamTrack, sound: MediaStreamTrack, stop: () => void}} Synthetic */

/** @returns {Synthetic} */
export function synthetic() {
  const [picture, sound] = [drawPicture(), playSound()];
  return {
    picture: picture.track,
    sound: sound.track,
    stop: () => {
      picture.stop();
      sound.stop();
    },
  };
}

/** A colour that changes, and a strip of noise that never stands still: it compresses badly, so the bit rate goes as high as the network allows. */
function drawPicture() {
  const canvas = Object.assign(document.createElement("canvas"), SIZE);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const noise = noisePicture();
  let frame = 0;
  const draw = () => {
    frame += 1;
    context.fillStyle = `hsl(${frame % 360} 40% 50%)`;
    context.fillRect(0, 0, SIZE.width, SIZE.height);
    const [x, y] = [Math.random() * noise.width, Math.random() * noise.height].map((offset) => Math.floor(offset / 2));
    context.drawImage(noise, x ?? 0, y ?? 0, noise.width / 2, noise.height / 2, 0, 0, SIZE.width, NOISE_HEIGHT);
  };
  draw();
  const timer = setInterval(draw, 1000 / FRAME_RATE);
  const track = /** @type {MediaStreamTrack} */ (canvas.captureStream(FRAME_RATE).getVideoTracks()[0]);
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** @returns {HTMLCanvasElement} twice as large as the strip, once it is drawn */
function noisePicture() {
  const [width, height] = [(2 * SIZE.width) / GRAIN, (2 * Math.ceil(NOISE_HEIGHT / GRAIN))];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  for (let index = 0; index < image.data.length; index += 1) image.data[index] = index % 4 === 3 ? 255 : Math.random() * 256;
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A tone that is sent and never heard. */
function playSound() {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: 440 });
  const destination = context.createMediaStreamDestination();
  oscillator.connect(destination);
  oscillator.start();
  const track = /** @type {MediaStreamTrack} */ (destination.stream.getAudioTracks()[0]);
  return { track, stop: () => void context.close() };
}
