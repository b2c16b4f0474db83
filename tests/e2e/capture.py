"""What the participants of browser tests show and say: files for Chromium's fake devices, a script for Firefox.

A picture is 640×360 at 15 frames a second: one colour, by which a test recognises the sender in the decoded video, with
a corner of noise that gives the encoder something to do (much of it would make it drop frames). The sound is a tone
that comes and goes, as noise suppression would take away a steady one. Firefox has a tone of its own: web audio stands
still on a machine without a sound card.
"""

import math
import random
import struct
import wave
from pathlib import Path

WIDTH, HEIGHT, RATE = 640, 360, 15
NOISE_WIDTH, NOISE_HEIGHT = 128, 48
SAMPLE_RATE = 48_000
COLOURS = {"red": (224, 32, 32), "green": (32, 192, 32), "blue": (48, 64, 224), "yellow": (224, 208, 32)}
TONES_HZ = {"red": 440, "green": 554, "blue": 659, "yellow": 880}


def yuv(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """BT.601, limited range."""
    y = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    u = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    v = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    return round(y), round(u), round(v)


def _luma(base: int, noise: random.Random) -> bytes:
    rest = bytes([base]) * (WIDTH - NOISE_WIDTH)
    noisy = b"".join(noise.randbytes(NOISE_WIDTH) + rest for _ in range(NOISE_HEIGHT))
    return noisy + bytes([base]) * (WIDTH * (HEIGHT - NOISE_HEIGHT))


def write_picture(path: Path, colour: str, *, frames: int = 30) -> None:
    """A Y4M file of two seconds, which Chromium repeats."""
    y, u, v = yuv(*COLOURS[colour])
    chroma = bytes([u]) * (WIDTH * HEIGHT // 4) + bytes([v]) * (WIDTH * HEIGHT // 4)
    noise = random.Random(colour)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420mpeg2\n".encode())
        for _ in range(frames):
            file.write(b"FRAME\n" + _luma(y, noise) + chroma)


def write_tone(path: Path, colour: str) -> None:
    """A WAV file of one second, on for 0.6 s."""
    step = 2 * math.pi * TONES_HZ[colour] / SAMPLE_RATE
    loud = int(SAMPLE_RATE * 0.6)
    samples = [int(12_000 * math.sin(step * index)) if index < loud else 0 for index in range(SAMPLE_RATE)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def firefox_script(colour: str) -> str:
    """Replaces getUserMedia's picture and getDisplayMedia: Firefox has no fake device that takes a file."""
    red, green, blue = COLOURS[colour]
    return FIREFOX_SCRIPT % {
        "width": WIDTH,
        "height": HEIGHT,
        "rate": RATE,
        "noise": NOISE_WIDTH,
        "colour": f"rgb({red} {green} {blue})",
    }


def fine_screen_script(width: int, height: int) -> str:
    """A screen of this size to share, for both browsers: columns of a pixel. The page can `sizeScreen` it anew."""
    return FINE_SCREEN_SCRIPT % {"width": width, "height": height}


CHROMIUM_SCRIPT = """
(() => {
  const native = navigator.mediaDevices?.getDisplayMedia;
  window.screenSize = {width: 1280, height: 720};
  if (!native) return;
  navigator.mediaDevices.getDisplayMedia = ({video, ...rest}) => {
    const most = (side) => ({max: Math.min(window.screenSize[side], video[side].max)});
    const sized = {...video, width: most("width"), height: most("height")};
    return native.call(navigator.mediaDevices, {...rest, video: sized});
  };
})();
"""
"""Chromium's fake screen is as large as is asked for; people's have a size."""

FINE_SCREEN_SCRIPT = """
(() => {
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    window.sizeScreen = (width, height) => {
      Object.assign(canvas, {width, height});
      context.fillStyle = "white";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "black";
      for (let x = 0; x < canvas.width; x += 2) context.fillRect(x, 0, 1, canvas.height);
    };
    window.sizeScreen(%(width)d, %(height)d);
    let frame = 0;
    setInterval(() => {
      context.fillStyle = frame++ %% 2 ? "gray" : "silver";
      context.fillRect(0, 0, 32, 32);
    }, 1000 / 30);
    const stream = canvas.captureStream();
    const [track] = stream.getVideoTracks();
    track.getSettings = () => ({width: canvas.width, height: canvas.height});
    return stream;
  };
})();
"""

FIREFOX_SCRIPT = """
(() => {
  if (!navigator.mediaDevices) return;
  const paint = (context, frame) => {
    const {width, height} = context.canvas;
    context.fillStyle = "%(colour)s";
    context.fillRect(0, 0, width, height);
    for (let x = 0; x < %(noise)d; x += 8) {
      context.fillStyle = `hsl(0 0%% ${(x * 7 + frame * 29) %% 100}%%)`;
      context.fillRect(x, 0, 8, 24);
    }
  };
  const picture = () => {
    const canvas = document.createElement("canvas");
    canvas.width = %(width)d;
    canvas.height = %(height)d;
    const context = canvas.getContext("2d");
    let frame = 0;
    setInterval(() => paint(context, frame++), 1000 / %(rate)d);
    paint(context, frame);
    return canvas.captureStream().getVideoTracks();
  };
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const sound = async () => (await native({audio: true})).getAudioTracks();
  const stream = async ({audio, video}) => {
    return new MediaStream([...(audio ? await sound() : []), ...(video ? picture() : [])]);
  };
  navigator.mediaDevices.getUserMedia = stream;
  navigator.mediaDevices.getDisplayMedia = async () => stream({video: true});
})();
"""
