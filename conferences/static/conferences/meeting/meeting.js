/**
 * The meeting as the page lives it: what arrives by signalling goes to the state and to the media; what the person does goes out.
 * The screens call the public methods; they see nothing else of it.
 *
 * @import {ErrorMessage, JoinedMessage, Participant, ServerMessage, Source, Tile} from "./signalling/messages.js"
 * @import {RemoteTrack} from "./media/subscriber.js"
 * @import {State, StateEvent} from "./state/reducer.js"
 * @import {Store} from "./state/store.js"
 */

import { pageLanguage } from "./i18n.js";
import { listDevices } from "./media/devices.js";
import { Peers } from "./media/peers.js";
import { Sources } from "./media/sources.js";
import { Commands } from "./signalling/commands.js";
import { Connection } from "./signalling/connection.js";
import { PASSING_ERRORS, SILENT_ERRORS, SOURCES } from "./signalling/messages.js";
import { leaveToken, takeToken } from "./signalling/resume.js";
import { movingCameras, yourself } from "./state/selectors.js";

/**
 * @typedef {object} MeetingOptions
 * @property {string} room public id
 * @property {string} websocket URL of the signalling socket
 * @property {{microphone: boolean, camera: boolean, microphoneId: string, cameraId: string}} devices chosen on the join page
 * @property {string[]} videoCodecs what video is to be published in, the best first
 * @property {() => void} onTracks the tracks to be seen and heard changed
 * @property {() => void} onLeft the person has left: go to the next page
 */

/** Errors to a `mute` that would have switched on one camera or screen too many. */
const LIMIT_ERRORS = new Set(["too_many_publishers", "bitrate_limit"]);
const MUTE = "mute-";

export class Meeting {
  #options;
  #store;
  #connection;
  #peers;
  #sources;
  #opening = false;
  /** What is switched on at the start, and again after a final screen. */
  #wanted;
  /** @type {string | null} */
  #token;
  /** @type {RemoteTrack[]} */
  #remoteTracks = [];
  /** @type {Tile[] | null} null: nothing was laid out yet, the server sends every picture small */
  #tiles = null;

  /**
   * @param {Store<State, StateEvent>} store
   * @param {MeetingOptions} options
   */
  constructor(store, options) {
    this.#store = store;
    this.#options = options;
    this.#wanted = { microphone: options.devices.microphone, camera: options.devices.camera };
    this.#token = takeToken(options.room);
    this.#connection = new Connection(options.websocket, {
      onOpen: () => this.#join(),
      onMessage: (message) => this.#receive(message),
      onLost: () => store.dispatch({ type: "link_lost" }),
      onClosed: (reason) => this.#end(reason),
    });
    this.commands = new Commands((message) => this.#isIn() && this.#connection.send(message));
    this.#sources = new Sources(
      {
        onTrack: (source, track) => this.#send(source, track),
        onSwitched: (source, on) => this.#switched(source, on),
        onFailed: (source, code) => this.#deviceFailed(source, code),
      },
      { microphone: options.devices.microphoneId, camera: options.devices.cameraId },
    );
    this.#peers = new Peers({
      send: (message) => void this.#connection.send(message),
      canSend: () => this.#isIn(),
      videoCodecs: options.videoCodecs,
      ownTracks: () => this.#sources.tracks(),
      onPublished: (source) => this.#tellMuted(source),
      onTracks: (tracks) => this.#arrived(tracks),
      onConnected: (connected) => store.dispatch({ type: "media_connected", connected }),
    });
  }

  /** The two peer connections, for tests and diagnosis. */
  get connections() {
    return this.#peers;
  }

  /** What arrives from the others. @returns {RemoteTrack[]} */
  get remoteTracks() {
    return this.#remoteTracks;
  }

  /** The cameras that are on the screen and should move. @returns {RemoteTrack[]} */
  get watchedCameras() {
    const moving = movingCameras(this.#store.state, this.#tiles ?? []);
    return this.#remoteTracks.filter(({ participant, source }) => source === "camera" && moving.has(participant));
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} */
  ownTrack(source) {
    return this.#sources.track(source);
  }

  start() {
    this.#connection.open();
    void this.#openDevices();
  }

  /** Once more after a final screen: another tab gives way, or there is room now. */
  restart() {
    this.#token = null;
    this.#store.dispatch({ type: "restarted" });
    this.start();
  }

  /** The page goes away and may come back as a reload: nothing is said, the server waits for it. */
  suspend() {
    if (this.#token !== null) leaveToken(this.#options.room, this.#token);
  }

  networkChanged() {
    this.#connection.retryNow();
    this.#peers.hurry();
  }

  /** The other way round than it is shown: its device may be opening. @param {"microphone" | "camera" | "screen"} source */
  toggle(source) {
    this.#switch(source, !this.#store.state.own[source]);
  }

  /** The shared window has another size now. */
  screenResized() {
    void this.#peers.setTrack("screen", this.#sources.track("screen"));
  }

  /** The wished devices, "" for the default ones. @returns {{microphone: string, camera: string}} */
  get chosenDevices() {
    return this.#sources.chosenDevices;
  }

  /** @param {"microphone" | "camera"} source @param {string} deviceId */
  useDevice = (source, deviceId) => void this.#sources.useDevice(source, deviceId);

  /** What is plugged in, and which of it is in use. */
  async devices() {
    const inUse = { microphone: this.#sources.deviceId("microphone"), camera: this.#sources.deviceId("camera") };
    return { ...(await listDevices()), inUse };
  }

  /** What is on the screen now. @param {Tile[]} tiles */
  showTiles(tiles) {
    this.#tiles = tiles.slice(0, 64);
    this.#tellView();
  }

  leave() {
    this.#connection.send({ type: "leave" });
    this.#end("left");
    this.#options.onLeft();
  }

  #join() {
    const { microphone, camera } = this.#store.state.phase === "joined" ? this.#store.state.own : this.#wanted;
    this.#connection.send({ type: "join", resume: this.#token, microphone, camera, language: pageLanguage() });
  }

  /** The stay cannot be resumed: come in as a new one. */
  #joinAnew() {
    this.#token = null;
    this.#connection.open();
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    if (message.type === "error") return this.#refused(message);
    this.#store.dispatch(message);
    this.#peers.receive(message);
    if (message.type === "joined") this.#joined(message);
    if (message.type === "participant_updated" && this.#isCutOff(message.participant)) this.#peers.doubt();
    if (message.type === "ice_servers") this.#peers.useServers(message.ice_servers);
    if (message.type === "rebuild") this.#rebuild(message.keep);
    if (message.type === "muted_by_host") this.#switch(message.source, false);
    if (message.type === "removed" || message.type === "meeting_ended") this.#end(message.reason);
  }

  /** Whether that is this person, on a living socket and with dead media. @param {Participant} participant */
  #isCutOff({ id, connected, quality }) {
    return id === yourself(this.#store.state)?.id && connected && quality === "lost";
  }

  /** @param {JoinedMessage} message */
  #joined(message) {
    this.#token = message.resume;
    this.#connection.settle();
    this.#peers.useServers(message.ice_servers);
    if (message.resumed && this.#peers.subscribe) this.#peers.resume();
    else this.#peers.build();
    this.#correct();
    this.#tellView();
  }

  async #openDevices() {
    this.#opening = true;
    await this.#sources.start(this.#wanted);
    this.#opening = false;
    this.#correct();
  }

  /** What `join` promised and no device gave, and what was switched while the socket was away. */
  #correct() {
    const known = yourself(this.#store.state)?.muted;
    if (this.#opening) return;
    for (const source of SOURCES) if (known?.[source] === this.#sources.isOn(source)) this.#tellMuted(source);
  }

  /** @param {boolean} keep whether the old connections go on for a while */
  #rebuild(keep) {
    if (!keep) this.#arrived([]);
    this.#peers.build({ keep });
    this.#tellView();
  }

  /** @param {ErrorMessage} error */
  #refused(error) {
    this.#peers.receive(error);
    if (LIMIT_ERRORS.has(error.code)) this.#switch(refusedSource(error), false);
    if (error.code === "resume_refused") this.#joinAnew();
    else if (error.fatal && !PASSING_ERRORS.has(error.code)) this.#end(error.code === "not_allowed" ? "denied" : error.code);
    else if (!SILENT_ERRORS.has(error.code)) this.#store.dispatch(error);
  }

  /** @param {string} reason */
  #end(reason) {
    const { phase, own } = this.#store.state;
    if (phase === "joined") this.#wanted = { microphone: own.microphone, camera: own.camera };
    this.#token = null;
    this.#store.dispatch({ type: "over", reason });
    this.#connection.close();
    this.#peers.close();
    this.#sources.stopAll();
    this.#arrived([]);
  }

  /** @param {Source} source @param {MediaStreamTrack | null} track */
  #send(source, track) {
    void this.#peers.setTrack(source, track);
    this.#options.onTracks();
  }

  /** @param {Source} source @param {boolean} on */
  #switched(source, on) {
    this.#store.dispatch({ type: "own_switched", source, on });
    this.#tellMuted(source);
  }

  /** @param {Source} source */
  #tellMuted(source) {
    const muted = !this.#sources.isOn(source);
    if (this.#isIn()) this.#connection.send({ type: "mute", source, muted, request: `${MUTE}${source}` });
  }

  #isIn() {
    const { phase, linked } = this.#store.state;
    return phase === "joined" && linked;
  }

  #tellView() {
    if (this.#isIn() && this.#tiles) this.#connection.send({ type: "set_view", tiles: this.#tiles });
  }

  /** @param {Source} source @param {string} code */
  #deviceFailed(source, code) {
    const cancelled = source === "screen" && code === "device_denied";
    if (!cancelled) this.#store.dispatch({ type: "noticed", kind: "bad", code: `${code}_${source}` });
    this.#tellMuted(source);
  }

  /** @param {Source | undefined} source @param {boolean} on */
  #switch(source, on) {
    if (source === undefined) return;
    if (source === "microphone") void this.#sources.setMicrophone(on);
    else if (source === "camera") void this.#sources.setCamera(on);
    else void this.#sources.setScreen(on);
  }

  /** @param {RemoteTrack[]} tracks */
  #arrived(tracks) {
    this.#remoteTracks = tracks;
    this.#options.onTracks();
  }
}

/** @param {ErrorMessage} error @returns {Source | undefined} the source that was to be switched on */
function refusedSource({ request }) {
  return SOURCES.find((source) => request === `${MUTE}${source}`);
}
