/** The join page: wires devices, preview, level meter and the form. The only module here that acts on import. */

import { gettext } from "../meeting/i18n.js";
import { capture } from "./capture.js";
import { fill } from "./lists.js";
import { LevelMeter } from "./meter.js";
import { load, save } from "./preferences.js";
import { describe, obstacle } from "./problems.js";
import { canChooseSpeaker, playTestTone } from "./speaker.js";

/** @import { Kind, Problem } from "./capture.js" */

/** @template {Element} T @param {string} id @param {new () => T} type @returns {T} */
function part(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is missing`);
  return found;
}

const video = part("preview-video", HTMLVideoElement);
const previewOff = part("preview-off", HTMLElement);
const previewText = part("preview-text", HTMLElement);
const level = part("level", HTMLMeterElement);
const notices = part("device-notices", HTMLElement);
const joinButton = part("join-button", HTMLButtonElement);
const toggles = { microphone: part("mic-toggle", HTMLButtonElement), camera: part("camera-toggle", HTMLButtonElement) };
const lists = {
  microphone_id: part("microphone-select", HTMLSelectElement),
  camera_id: part("camera-select", HTMLSelectElement),
  speaker_id: part("speaker-select", HTMLSelectElement),
};

const choice = load();
/** @type {Partial<Record<Kind, MediaStreamTrack>>} */
const tracks = {};
/** @type {Partial<Record<Kind, Problem>>} */
const problems = {};
/** @type {LevelMeter | null} */
let meter = null;
/** @type {Promise<void>} */
let work = Promise.resolve();

function showCamera() {
  const track = tracks.camera;
  video.srcObject = track ? new MediaStream([track]) : null;
  video.hidden = !track;
  previewOff.hidden = Boolean(track);
  previewText.textContent = problems.camera ? gettext("There is no camera picture.") : gettext("The camera is off.");
}

function showMicrophone() {
  meter?.stop();
  level.value = 0;
  if (!tracks.microphone) return;
  meter ??= new LevelMeter();
  meter.start(tracks.microphone, (value) => (level.value = value));
}

function showToggles() {
  for (const kind of /** @type {Kind[]} */ (["microphone", "camera"])) {
    toggles[kind].setAttribute("aria-pressed", String(choice[kind] && !problems[kind]));
  }
}

function showProblems() {
  const found = /** @type {[Kind, Problem][]} */ (Object.entries(problems));
  notices.replaceChildren(...found.map(([kind, problem]) => notice(describe(kind, problem), "warn")));
}

/** @param {string} text @param {"warn" | "bad"} tone */
function notice(text, tone) {
  const line = document.createElement("p");
  line.className = `notice notice--${tone}`;
  line.textContent = text;
  return line;
}

function show() {
  showCamera();
  showMicrophone();
  showToggles();
  showProblems();
}

/** @param {Kind} kind */
function close(kind) {
  tracks[kind]?.stop();
  delete tracks[kind];
  delete problems[kind];
}

/** One after the other, so that the last press of a button wins. @param {Kind[]} kinds @returns {Promise<void>} */
function reopen(kinds) {
  work = work.then(() => reopenNow(kinds));
  return work;
}

/** Opens those of `kinds` that are wanted on and closes the others. @param {Kind[]} kinds */
async function reopenNow(kinds) {
  kinds.forEach(close);
  const captured = await capture(choice, kinds.filter((kind) => choice[kind]));
  Object.assign(tracks, captured.tracks);
  Object.assign(problems, captured.problems);
  for (const [kind, track] of Object.entries(captured.tracks)) {
    track.addEventListener("ended", () => reopen([/** @type {Kind} */ (kind)])); // unplugged
  }
  show();
  await fill(lists, choice);
}

/** @param {Kind} kind */
async function toggle(kind) {
  choice[kind] = Boolean(problems[kind]) || !choice[kind]; // pressing a button in trouble is another try
  save(choice);
  await reopen([kind]);
}

/** @param {keyof typeof lists} name */
async function select(name) {
  choice[name] = lists[name].value;
  save(choice);
  if (name === "microphone_id") await reopen(["microphone"]);
  if (name === "camera_id") await reopen(["camera"]);
}

function saveForMeeting() {
  save(choice, { microphone: choice.microphone && !problems.microphone, camera: choice.camera && !problems.camera });
}

function listen() {
  toggles.microphone.addEventListener("click", () => toggle("microphone"));
  toggles.camera.addEventListener("click", () => toggle("camera"));
  for (const name of /** @type {(keyof typeof lists)[]} */ (Object.keys(lists))) {
    lists[name].addEventListener("change", () => select(name));
  }
  part("speaker-test", HTMLButtonElement).addEventListener("click", () => playTestTone(choice.speaker_id));
  part("entry-form", HTMLFormElement).addEventListener("submit", saveForMeeting);
  navigator.mediaDevices.addEventListener("devicechange", () => fill(lists, choice));
}

const hindrance = obstacle({ isSecureContext, RTCPeerConnection: globalThis.RTCPeerConnection, mediaDevices: navigator.mediaDevices });
if (hindrance) {
  part("browser-notice", HTMLElement).replaceChildren(notice(hindrance, "bad"));
  joinButton.disabled = toggles.camera.disabled = toggles.microphone.disabled = true;
  choice.camera = choice.microphone = false;
  part("devices", HTMLElement).hidden = true;
  show();
} else {
  lists.speaker_id.hidden = !canChooseSpeaker();
  listen();
  void reopen(["microphone", "camera"]);
}
