/**
 * Every message between the browser and the web process (docs/signalling.md), its fields and its direction.
 * The mirror of conferences/signalling/messages/; tests/data/signalling holds one example of each.
 *
 * @typedef {"camera" | "microphone" | "screen" | "screen_audio"} Source
 * @typedef {"guest" | "member" | "host"} Role
 * @typedef {"good" | "fair" | "poor" | "lost"} Quality
 * @typedef {{id: string, name: string, role: Role, is_guest: boolean, hand_raised_at: string | null,
 *   muted: Record<Source, boolean>, quality: Quality, connected: boolean}} Participant
 * @typedef {{participant: string, source: Source, width: number, height: number}} Tile
 * @typedef {{mid: string, participant: string, source: Source}} Track
 * @typedef {"low" | "medium" | "high"} Layer
 * @typedef {"network" | "sender" | "size" | "paused" | "muted"} Limit
 * @typedef {{participant: string, source: Source, layer: Layer | null, layers: Layer[], codec: string, kbps: number,
 *   limited_by: Limit | null}} DeliveredTile
 * @typedef {{id: string, name: string, since: string}} WaitingGuest
 * @typedef {{id: string, name: string, is_guest: boolean, by_admin: boolean, since: string}} Barred
 * @typedef {{participant: string, level: number}} Speaker
 *
 * @typedef {{type: "join", resume: string | null, microphone: boolean, camera: boolean, language: string}
 *   | {type: "publish", transport_id: string, sdp: string, sources: Record<string, Source>}
 *   | {type: "subscribe", transport_id: string}
 *   | {type: "subscribe_answer", transport_id: string, revision: number, sdp: string}
 *   | {type: "restart_ice", transport_id: string}
 *   | {type: "set_view", tiles: Tile[]}
 *   | {type: "watch_delivery", on: boolean}
 *   | {type: "mute", source: Source, muted: boolean, request?: string}
 *   | {type: "chat", text: string}
 *   | {type: "raise_hand", raised: boolean}
 *   | {type: "ping", sent: number}
 *   | {type: "admit" | "deny" | "remove" | "lower_hand", participant: string}
 *   | {type: "mute_participant", participant: string, source: Source}
 *   | {type: "readmit", bar: string}
 *   | {type: "freeze", frozen: boolean}
 *   | {type: "end" | "leave"}} ClientBody
 * @typedef {ClientBody & {request?: string}} ClientMessage
 *
 * @typedef {{type: "waiting", reason: "no_host" | "lobby"}} WaitingMessage
 * @typedef {{type: "joined", you: string, meeting: string, room: {id: string, name: string}, role: Role, epoch: number,
 *   resume: string, resumed: boolean, participants: Participant[], waiting: WaitingGuest[], barred: Barred[],
 *   ice_servers: RTCIceServer[], chat: boolean, frozen: boolean, started_at: string, server_time: string}} JoinedMessage
 * @typedef {{type: "subscribe_offer", transport_id: string, revision: number, sdp: string, tracks: Track[]}} SubscribeOffer
 * @typedef {{type: "layers_wanted", source: Source, layers: Layer[]}} LayersWanted
 * @typedef {{type: "chat_message", id: string, participant: string, name: string, text: string, sent_at: string}} ChatMessage
 * @typedef {{type: "error", code: string, request?: string, fatal: boolean}} ErrorMessage
 * @typedef {WaitingMessage | JoinedMessage | SubscribeOffer | ChatMessage | ErrorMessage
 *   | {type: "participant_joined" | "participant_updated", participant: Participant}
 *   | {type: "participant_left", participant: string, reason: string}
 *   | {type: "published", transport_id: string, sdp: string}
 *   | {type: "speakers", speakers: Speaker[], dominant: string | null}
 *   | {type: "codec_required", source: Source, codec: "vp8"}
 *   | {type: "videos_paused", pictures: {participant: string, source: Source}[]}
 *   | {type: "delivery", estimate_kbps: number | null, tiles: DeliveredTile[]}
 *   | LayersWanted
 *   | {type: "policed", source: Source, layers: Layer[]}
 *   | {type: "rebuild", epoch: number, keep: boolean}
 *   | {type: "ice_servers", ice_servers: RTCIceServer[]}
 *   | {type: "media_unavailable"}
 *   | {type: "pong", sent: number, server_time: string}
 *   | {type: "waiting_changed", waiting: WaitingGuest[]}
 *   | {type: "muted_by_host", source: Source}
 *   | {type: "barred_changed", barred: Barred[]}
 *   | {type: "freeze_changed", frozen: boolean}
 *   | {type: "removed" | "meeting_ended", reason: string}} ServerBody
 * @typedef {ServerBody & {request?: string}} ServerMessage
 */

/** @type {readonly Source[]} */
export const SOURCES = ["camera", "microphone", "screen", "screen_audio"];

/** Largest frame the server takes, in bytes (docs/signalling.md, Syntax). */
export const MAX_FRAME_BYTES = 48 * 1024;

/** Longest chat text, in characters. */
export const MAX_CHAT_LENGTH = 2000;

/** Fields of each message the browser sends, besides `type` and `request`. */
export const CLIENT_FIELDS = /** @type {const} */ ({
  join: ["resume", "microphone", "camera", "language"],
  publish: ["transport_id", "sdp", "sources"],
  subscribe: ["transport_id"],
  subscribe_answer: ["transport_id", "revision", "sdp"],
  restart_ice: ["transport_id"],
  set_view: ["tiles"],
  watch_delivery: ["on"],
  mute: ["source", "muted"],
  chat: ["text"],
  raise_hand: ["raised"],
  ping: ["sent"],
  admit: ["participant"],
  deny: ["participant"],
  mute_participant: ["participant", "source"],
  remove: ["participant"],
  readmit: ["bar"],
  lower_hand: ["participant"],
  freeze: ["frozen"],
  end: [],
  leave: [],
});

/** Fields of each message the server sends, besides `type` and `request`. */
export const SERVER_FIELDS = /** @type {const} */ ({
  waiting: ["reason"],
  joined: [
    "you", "meeting", "room", "role", "epoch", "resume", "resumed", "participants", "waiting", "barred",
    "ice_servers", "chat", "frozen", "started_at", "server_time",
  ],
  participant_joined: ["participant"],
  participant_updated: ["participant"],
  participant_left: ["participant", "reason"],
  published: ["transport_id", "sdp"],
  subscribe_offer: ["transport_id", "revision", "sdp", "tracks"],
  speakers: ["speakers", "dominant"],
  videos_paused: ["pictures"],
  codec_required: ["source", "codec"],
  delivery: ["estimate_kbps", "tiles"],
  layers_wanted: ["source", "layers"],
  policed: ["source", "layers"],
  rebuild: ["epoch", "keep"],
  ice_servers: ["ice_servers"],
  media_unavailable: [],
  chat_message: ["id", "participant", "name", "text", "sent_at"],
  pong: ["sent", "server_time"],
  waiting_changed: ["waiting"],
  muted_by_host: ["source"],
  barred_changed: ["barred"],
  freeze_changed: ["frozen"],
  removed: ["reason"],
  meeting_ended: ["reason"],
  error: ["code", "fatal"],
});

/** Reasons of a close after which the page does not come back by itself. */
export const FINAL_CLOSES = new Map([
  [4401, "login_required"],
  [4403, "removed"],
  [4404, "room_not_found"],
  [4409, "duplicate"],
  [4410, "meeting_ended"],
]);

/** Fatal errors after which the page comes back by itself. */
export const PASSING_ERRORS = new Set(["internal", "too_fast", "media_unavailable", "message_too_large", "bad_message"]);

/** Errors that the person can do nothing about and need not read. */
export const SILENT_ERRORS = new Set(["stale_revision", "not_joined", "already_joined", "media_unavailable"]);

/**
 * The text frame of a message.
 *
 * @param {ClientMessage} message
 * @returns {string}
 * @throws {RangeError} when the frame would be larger than the server takes
 */
export function encode(message) {
  const text = JSON.stringify(message);
  if (new TextEncoder().encode(text).length > MAX_FRAME_BYTES) {
    throw new RangeError(`${message.type} is larger than ${MAX_FRAME_BYTES} bytes`);
  }
  return text;
}

/**
 * The message in a text frame, or null when it is not one this client knows: a newer server may say more.
 *
 * @param {unknown} frame
 * @returns {ServerMessage | null}
 */
export function decode(frame) {
  if (typeof frame !== "string") return null;
  const message = parse(frame);
  if (message === null || typeof message !== "object" || !("type" in message)) return null;
  const fields = fieldsOf(String(message.type));
  const complete = fields?.every((field) => field in message) ?? false;
  return complete ? /** @type {ServerMessage} */ (message) : null;
}

/** @param {string} frame @returns {unknown} */
function parse(frame) {
  try {
    return JSON.parse(frame);
  } catch {
    return null;
  }
}

/** @param {string} type @returns {readonly string[] | undefined} */
function fieldsOf(type) {
  return Object.hasOwn(SERVER_FIELDS, type) ? SERVER_FIELDS[/** @type {keyof typeof SERVER_FIELDS} */ (type)] : undefined;
}
