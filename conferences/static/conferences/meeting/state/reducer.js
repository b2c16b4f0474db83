/**
 * What the page knows. Pure: (state, event) → state. An event is a message of the server, or something the page itself did
 * (`own_*`, `view_*`, `link_*`, …).
 *
 * @import {Barred, ChatMessage, DeliveredTile, JoinedMessage, Participant, ServerMessage, Source, WaitingGuest} from "../signalling/messages.js"
 */

/** @typedef {"connecting" | "waiting" | "joined" | "over"} Phase */
/** @typedef {"grid" | "speaker"} View */
/** @typedef {"chat" | "people" | "statistics" | null} Panel */
/** @typedef {{id: number, kind: "good" | "info" | "warn" | "bad", code: string, name: string}} Notice */

/**
 * @typedef {object} State
 * @property {Phase} phase
 * @property {"no_host" | "lobby" | ""} waitingReason why the page waits for admission
 * @property {string} overReason why it is over: a LeaveReason or an error code
 * @property {boolean} linked the signalling socket is up and joined
 * @property {boolean} mediaLive a media worker is live
 * @property {boolean} mediaConnected both peer connections are up, or coming up for the first time
 * @property {number} epoch counts the media workers that have had this meeting
 * @property {string} you own participant id
 * @property {string} roomName
 * @property {string} startedAt ISO time, "" before the first join
 * @property {string} serverTime ISO time of the last `joined`
 * @property {boolean} chatOn
 * @property {boolean} frozen nobody is seen or heard until the meeting goes on
 * @property {Participant[]} participants in the order they came, you included
 * @property {WaitingGuest[]} waiting
 * @property {Barred[]} barred
 * @property {ChatMessage[]} messages
 * @property {number} unread
 * @property {string[]} speakers who is speaking, loudest first
 * @property {string | null} stageSpeaker the last dominant speaker besides you
 * @property {Record<Source, boolean>} own what this page sends
 * @property {string[]} stalled keys (`participant/source`) of videos that stand still
 * @property {string[]} paused keys of videos that the network does not carry
 * @property {{estimateKbps: number | null, tiles: DeliveredTile[]} | null} delivery null while it is not watched
 * @property {View} view
 * @property {string | null} pinned key of a tile
 * @property {number} page
 * @property {Panel} panel
 * @property {Notice | null} notice the newest announcement
 */

/**
 * @typedef {ServerMessage
 *   | {type: "link_lost"}
 *   | {type: "over", reason: string}
 *   | {type: "restarted"}
 *   | {type: "media_connected", connected: boolean}
 *   | {type: "own_switched", source: Source, on: boolean}
 *   | {type: "videos_stalled", keys: string[]}
 *   | {type: "view_chosen", view: View}
 *   | {type: "tile_pinned", key: string | null}
 *   | {type: "page_turned", page: number}
 *   | {type: "panel_opened", panel: Panel}
 *   | {type: "noticed", kind: Notice["kind"], code: string, name?: string}} StateEvent
 */

/** How many chat messages the page keeps. */
const CHAT_MEMORY = 500;

/** @type {State} */
export const INITIAL = {
  phase: "connecting",
  waitingReason: "",
  overReason: "",
  linked: false,
  mediaLive: true,
  mediaConnected: true,
  epoch: 0,
  you: "",
  roomName: "",
  startedAt: "",
  serverTime: "",
  chatOn: true,
  frozen: false,
  participants: [],
  waiting: [],
  barred: [],
  messages: [],
  unread: 0,
  speakers: [],
  stageSpeaker: null,
  own: { camera: false, microphone: false, screen: false, screen_audio: false },
  stalled: [],
  paused: [],
  delivery: null,
  view: "grid",
  pinned: null,
  page: 0,
  panel: null,
  notice: null,
};

/**
 * @param {State} state
 * @param {StateEvent} event
 * @returns {State}
 */
export function reduce(state, event) {
  switch (event.type) {
    case "waiting":
      return { ...state, phase: "waiting", waitingReason: event.reason, linked: true };
    case "joined":
      return joined(state, event);
    case "participant_joined":
      return noticed(withParticipant(state, event.participant), "info", "participant_joined", event.participant.name);
    case "participant_updated":
      return updated(state, event.participant);
    case "participant_left":
      return left(state, event.participant, event.reason);
    case "waiting_changed":
      return waitingChanged(state, event.waiting);
    case "barred_changed":
      return { ...state, barred: event.barred };
    case "chat_message":
      return chatted(state, event);
    case "speakers":
      return spoke(state, event.speakers.map(({ participant }) => participant), event.dominant);
    case "freeze_changed":
      return frozen(state, event.frozen);
    case "videos_paused":
      return { ...state, paused: event.pictures.map(({ participant, source }) => `${participant}/${source}`) };
    case "delivery":
      return state.panel === "statistics" ? { ...state, delivery: { estimateKbps: event.estimate_kbps, tiles: event.tiles } } : state;
    case "rebuild":
      return { ...state, mediaLive: true, epoch: event.epoch, paused: [], delivery: null };
    case "media_unavailable":
      return { ...state, mediaLive: false };
    case "muted_by_host":
      return noticed(state, "warn", `muted_by_host_${event.source}`);
    case "policed":
      return event.layers.length > 0 ? noticed(state, "warn", `policed_${event.source}`) : state;
    case "error":
      return event.fatal ? state : noticed(state, "bad", event.code);
    case "removed":
    case "meeting_ended":
    case "over":
      return over(state, event.reason);
    case "restarted":
      return { ...state, phase: "connecting", overReason: "" };
    case "link_lost":
      return { ...state, linked: false };
    case "media_connected":
      return state.mediaConnected === event.connected ? state : { ...state, mediaConnected: event.connected };
    case "own_switched":
      return { ...state, own: { ...state.own, [event.source]: event.on } };
    case "videos_stalled":
      return same(state.stalled, event.keys) ? state : { ...state, stalled: event.keys };
    case "view_chosen":
      return { ...state, view: event.view, pinned: null, page: 0 };
    case "tile_pinned":
      return { ...state, pinned: state.pinned === event.key ? null : event.key, page: 0 };
    case "page_turned":
      return { ...state, page: event.page };
    case "panel_opened":
      return { ...state, panel: event.panel, delivery: null, unread: event.panel === "chat" ? 0 : state.unread };
    case "noticed":
      return noticed(state, event.kind, event.code, event.name);
    default:
      return state;
  }
}

/** @param {State} state @param {JoinedMessage} message @returns {State} */
function joined(state, message) {
  const returned = state.phase === "joined" && !state.linked;
  const next = {
    ...state,
    phase: /** @type {const} */ ("joined"),
    linked: true,
    mediaLive: true,
    epoch: message.epoch,
    delivery: null,
    you: message.you,
    roomName: message.room.name,
    startedAt: message.started_at,
    serverTime: message.server_time,
    chatOn: message.chat,
    frozen: message.frozen,
    paused: message.resumed ? state.paused : [],
    participants: message.participants,
    waiting: message.waiting,
    barred: message.barred,
    speakers: [],
  };
  if (returned) return noticed(next, "good", "returned");
  const guest = message.waiting[0];
  return guest ? noticed(next, "info", "guest_waiting", guest.name) : next;
}

/** While it stands still the banner says so. @param {State} state @param {boolean} isFrozen @returns {State} */
function frozen(state, isFrozen) {
  const next = { ...state, frozen: isFrozen, speakers: [] };
  return isFrozen ? next : noticed(next, "good", "unfrozen");
}

/** @param {State} state @param {Participant} participant @returns {State} */
function withParticipant(state, participant) {
  const known = state.participants.some(({ id }) => id === participant.id);
  const participants = known
    ? state.participants.map((one) => (one.id === participant.id ? participant : one))
    : [...state.participants, participant];
  return { ...state, participants };
}

/** @param {State} state @param {Participant} participant @returns {State} */
function updated(state, participant) {
  const before = state.participants.find(({ id }) => id === participant.id);
  const next = withParticipant(state, participant);
  const raised = participant.hand_raised_at !== null && before?.hand_raised_at === null;
  if (raised && participant.id !== state.you) return noticed(next, "info", "hand_raised", participant.name);
  if (participant.muted.screen === false && before?.muted.screen) return noticed(next, "info", "screen_shared", participant.name);
  if (participant.role === "host" && before && before.role !== "host" && participant.id === state.you) return noticed(next, "info", "now_host");
  return next;
}

/** @param {State} state @param {string} id @param {string} reason @returns {State} */
function left(state, id, reason) {
  const name = state.participants.find((one) => one.id === id)?.name;
  const next = {
    ...state,
    participants: state.participants.filter((one) => one.id !== id),
    speakers: state.speakers.filter((one) => one !== id),
    stageSpeaker: state.stageSpeaker === id ? null : state.stageSpeaker,
    pinned: state.pinned?.startsWith(`${id}/`) ? null : state.pinned,
  };
  if (name === undefined) return next;
  return noticed(next, "info", reason === "removed" ? "participant_removed" : "participant_left", name);
}

/** @param {State} state @param {WaitingGuest[]} waiting @returns {State} */
function waitingChanged(state, waiting) {
  const newcomer = waiting.find(({ id }) => !state.waiting.some((one) => one.id === id));
  const next = { ...state, waiting };
  return newcomer ? noticed(next, "info", "guest_waiting", newcomer.name) : next;
}

/** @param {State} state @param {ChatMessage} message @returns {State} */
function chatted(state, message) {
  if (state.messages.some(({ id }) => id === message.id)) return state;
  const messages = [...state.messages, message].slice(-CHAT_MEMORY);
  if (state.panel === "chat" || message.participant === state.you) return { ...state, messages };
  return noticed({ ...state, messages, unread: state.unread + 1 }, "info", "chat_message", message.name);
}

/** @param {State} state @param {string[]} speakers @param {string | null} dominant @returns {State} */
function spoke(state, speakers, dominant) {
  const stageSpeaker = dominant !== null && dominant !== state.you ? dominant : state.stageSpeaker;
  if (same(state.speakers, speakers) && stageSpeaker === state.stageSpeaker) return state;
  return { ...state, speakers, stageSpeaker };
}

/** The first reason stays: the close code that follows says less. @param {State} state @param {string} reason @returns {State} */
function over(state, reason) {
  return state.phase === "over" ? state : { ...state, phase: "over", overReason: reason, linked: false };
}

/** @param {State} state @param {Notice["kind"]} kind @param {string} code @param {string} [name] @returns {State} */
function noticed(state, kind, code, name = "") {
  return { ...state, notice: { id: (state.notice?.id ?? 0) + 1, kind, code, name } };
}

/** @param {string[]} a @param {string[]} b */
function same(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
