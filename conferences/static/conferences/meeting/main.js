/**
 * Wires the parts of the meeting page; the only module with side effects on import.
 *
 * For tests and diagnosis there is one hook, `window.liveonMeeting`: `publish` and `subscribe` are the two RTCPeerConnections as they are
 * now (null while there is none), so that `await liveonMeeting.subscribe.getStats()` works from outside.
 *
 * @import {TileFace} from "./state/selectors.js"
 * @import {State, StateEvent} from "./state/reducer.js"
 */

import { format, gettext } from "./i18n.js";
import { canShareScreen } from "./media/devices.js";
import { StatsReader } from "./media/stats.js";
import { TileStatsReader } from "./media/tile_stats.js";
import { Meeting } from "./meeting.js";
import { chosenDevices, pageData, rememberDevices } from "./page_data.js";
import { INITIAL, reduce } from "./state/reducer.js";
import { yourself } from "./state/selectors.js";
import { Store } from "./state/store.js";
import { Chat } from "./ui/chat.js";
import { Clock } from "./ui/clock.js";
import { Cover } from "./ui/cover.js";
import { DeviceDialog, confirmed, showHelp } from "./ui/dialogs.js";
import { Notices } from "./ui/notices.js";
import { Panels } from "./ui/panels.js";
import { Roster } from "./ui/roster.js";
import { listenForShortcuts } from "./ui/shortcuts.js";
import { Sound } from "./ui/sound.js";
import { Stage } from "./ui/stage.js";
import { Statistics } from "./ui/statistics.js";
import { Toolbar } from "./ui/toolbar.js";
import { watchDelivery } from "./watch_delivery.js";
import { watchLosses } from "./watch_losses.js";
import { watchScreen } from "./watch_screen.js";
import { watchVideos } from "./watch_videos.js";

const data = pageData();
const devices = chosenDevices();
/** @type {Store<State, StateEvent>} */
const store = new Store(reduce, { ...INITIAL, roomName: data.room.name });
const stats = new StatsReader();
const tileStats = new TileStatsReader();
const sound = new Sound(devices.speakerId);
const meeting = new Meeting(store, {
  room: data.room.id,
  websocket: socketUrl(data.websocket),
  devices,
  videoCodecs: data.video_codecs,
  onTracks: showTracks,
  onLeft: () => location.assign(data.leave_url),
});
const { commands } = meeting;

const stage = new Stage({
  pin: (key) => store.dispatch({ type: "tile_pinned", key }),
  turnPage: (page) => store.dispatch({ type: "page_turned", page }),
  showTiles: (tiles) => meeting.showTiles(tiles),
  picture: pictureOf,
});
const chat = new Chat(sendChat);
const deviceDialog = new DeviceDialog({
  devices: () => meeting.devices(),
  figures: () => stats.read(meeting.connections.publish, meeting.connections.subscribe, performance.now()),
  useDevice: meeting.useDevice,
  sound,
});
const roster = new Roster({
  mute: (participant, source) => commands.mute(participant, source),
  remove: (participant) => void askAndRemove(participant.id, participant.name),
  lowerHand: (participant) => commands.lowerHand(participant),
  admit: (participant) => commands.admit(participant),
  deny: (participant) => commands.deny(participant),
  readmit: (bar) => commands.readmit(bar),
});

/** @type {import("./ui/toolbar.js").ToolActions} */
const tools = {
  microphone: () => meeting.toggle("microphone"),
  camera: () => meeting.toggle("camera"),
  screen: () => meeting.toggle("screen"),
  hand: () => commands.raiseHand(yourself(store.state)?.hand_raised_at === null),
  people: () => togglePanel("people"),
  chat: () => togglePanel("chat"),
  statistics: () => togglePanel("statistics"),
  view: () => store.dispatch({ type: "view_chosen", view: store.state.view === "grid" ? "speaker" : "grid" }),
  devices: () => void deviceDialog.show(),
  help: showHelp,
  freeze: () => void (store.state.frozen ? commands.freeze(false) : askAndFreeze()),
  end: () => void askAndEnd(),
  leave: () => meeting.leave(),
};
const screens = [
  stage,
  chat,
  roster,
  new Statistics(readTiles),
  new Toolbar(tools, { canShareScreen: canShareScreen() }),
  new Panels(closePanel, panelOpened),
  new Cover({ again: () => meeting.restart(), leave: () => meeting.leave(), leaveUrl: data.leave_url }),
  new Notices(),
  new Clock(),
];
for (const screen of screens) store.subscribe((state) => screen.render(state));

listenForShortcuts(tools, { isActive: () => store.state.phase === "joined", closePanel });
addEventListener("pagehide", () => {
  if (store.state.phase === "joined") rememberDevices(devicesNow());
  meeting.suspend();
});
addEventListener("online", () => meeting.networkChanged());
document.addEventListener("visibilitychange", () => document.hidden || meeting.networkChanged());
Object.defineProperty(window, "liveonMeeting", { value: meeting.connections });
watchVideos(store, () => meeting.watchedCameras);
watchLosses(() => meeting.connections.subscribe);
watchScreen(() => meeting.ownTrack("screen"), () => meeting.screenResized());
watchDelivery(store, (on) => commands.watchDelivery(on));
meeting.start();

/** @param {string} path */
function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** @param {TileFace} face @returns {MediaStreamTrack | null} */
function pictureOf({ participant, source, own }) {
  if (own) return meeting.ownTrack(source);
  if (participant.muted[source]) return null;
  return meeting.remoteTracks.find((track) => track.participant === participant.id && track.source === source)?.track ?? null;
}

function devicesNow() {
  const { microphone, camera } = meeting.chosenDevices;
  return { ...store.state.own, microphoneId: microphone, cameraId: camera, speakerId: sound.speakerId };
}

function readTiles() {
  const { publish, subscribe } = meeting.connections;
  const own = meeting.ownTrack.bind(meeting);
  return tileStats.read({ publish, subscribe, remote: meeting.remoteTracks, own }, performance.now());
}

function showTracks() {
  stage.refreshPictures();
  sound.play(meeting.remoteTracks);
}

/** @param {string} text */
function sendChat(text) {
  const sent = commands.chat(text);
  if (!sent) store.dispatch({ type: "noticed", kind: "bad", code: "message_not_sent" });
  return sent;
}

/** @param {import("./ui/panels.js").Name} panel */
function togglePanel(panel) {
  store.dispatch({ type: "panel_opened", panel: store.state.panel === panel ? null : panel });
}

function closePanel() {
  store.dispatch({ type: "panel_opened", panel: null });
}

/** @param {import("./ui/panels.js").Name} panel */
function panelOpened(panel) {
  if (panel !== "chat") return document.getElementById(`${panel}-title`)?.focus();
  chat.scrollToEnd();
  chat.focus();
}

/** @param {string} id @param {string} name */
async function askAndRemove(id, name) {
  const yes = await confirmed({
    title: format(gettext("Remove %(name)s?"), { name }),
    text: gettext("The person leaves at once and cannot come back into this meeting, by any link or device, until you let them in again."),
    yes: gettext("Remove"),
  });
  if (yes) commands.remove(id);
}

async function askAndFreeze() {
  const yes = await confirmed({
    title: gettext("Stop the meeting for now?"),
    text: gettext("Pictures, sound and chat stop at once for everybody, and nobody can join, until you let the meeting go on."),
    yes: gettext("Stop for now"),
  });
  if (yes) commands.freeze(true);
}

async function askAndEnd() {
  const yes = await confirmed({
    title: gettext("End the meeting for everybody?"),
    text: gettext("All participants leave at once."),
    yes: gettext("End for all"),
  });
  if (yes) commands.endForAll();
}
