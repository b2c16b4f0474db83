/**
 * The words for codes: errors of the server, announcements, reasons why the meeting is over.
 *
 * @import {Notice} from "../state/reducer.js"
 * @import {Quality} from "../signalling/messages.js"
 */

import { format, gettext } from "../i18n.js";

/**
 * @param {Notice} notice
 * @returns {string} a whole sentence
 */
export function noticeText({ code, name }) {
  return format(announcement(code) ?? deviceText(code) ?? errorText(code), { name });
}

/** @param {string} code @returns {string | undefined} */
function announcement(code) {
  /** @type {Record<string, string>} */
  const texts = {
    participant_joined: gettext("%(name)s joined."),
    participant_left: gettext("%(name)s left."),
    participant_removed: gettext("%(name)s was removed from the meeting."),
    hand_raised: gettext("%(name)s raised a hand."),
    screen_shared: gettext("%(name)s is sharing a screen."),
    guest_waiting: gettext("%(name)s is waiting to be admitted."),
    chat_message: gettext("New message from %(name)s."),
    now_host: gettext("You are now the host."),
    returned: gettext("You are back in the meeting."),
    muted_by_host_microphone: gettext("The host muted your microphone. You can switch it on again."),
    muted_by_host_camera: gettext("The host stopped your camera. You can switch it on again."),
    muted_by_host_screen: gettext("The host stopped your screen sharing."),
    muted_by_host_screen_audio: gettext("The host stopped your screen sharing."),
    policed_camera: gettext("Your camera sends more than it may. The others see less of it, or nothing, until it sends less."),
    policed_screen: gettext("Your screen sends more than it may. The others see less of it, or nothing, until it sends less."),
    policed_microphone: gettext("Your microphone sends more than it may. The others do not hear it until it sends less."),
    policed_screen_audio: gettext("The sound of your screen sends more than it may. The others do not hear it until it sends less."),
    unfrozen: gettext("The meeting goes on."),
    message_not_sent: gettext("The message was not sent. Please try again."),
  };
  return texts[code];
}

/** @param {string} code `device_…_<source>` @returns {string | undefined} */
function deviceText(code) {
  /** @type {Record<string, string>} */
  const texts = {
    device_denied_microphone: gettext("The browser does not allow the microphone. Allow it in the address bar."),
    device_denied_camera: gettext("The browser does not allow the camera. Allow it in the address bar."),
    device_missing_microphone: gettext("No microphone was found."),
    device_missing_camera: gettext("No camera was found."),
    device_busy_microphone: gettext("Another program is using the microphone."),
    device_busy_camera: gettext("Another program is using the camera."),
    device_lost_microphone: gettext("The microphone was unplugged."),
    device_lost_camera: gettext("The camera was unplugged."),
    device_failed_microphone: gettext("The microphone could not be started."),
    device_failed_camera: gettext("The camera could not be started."),
  };
  if (texts[code]) return texts[code];
  return code.startsWith("device_") ? gettext("The screen could not be shared.") : undefined;
}

/** @param {string} code of an `error` message @returns {string} */
function errorText(code) {
  /** @type {Record<string, string>} */
  const texts = {
    not_allowed: gettext("Only the host may do that."),
    unknown_participant: gettext("That participant is no longer in the meeting."),
    too_fast: gettext("Too many actions at once. Please wait a moment."),
    chat_off: gettext("Chat is switched off in this meeting."),
    muted_by_host: gettext("The host does not allow that at the moment."),
    meeting_frozen: gettext("Not while the meeting is stopped."),
    media_unavailable: gettext("Sound and picture are not available at the moment."),
    meeting_full: gettext("The meeting is full."),
    tenant_full: gettext("Your organisation already has as many people in meetings as it may."),
    media_full: gettext("The media server is full. Please try again in a few minutes."),
    too_many_publishers: gettext("Too many cameras and screens are on. Yours stays off until somebody switches one off."),
    bitrate_limit: gettext("Cameras and screens already send as much as they may. Yours stays off until somebody switches one off."),
    too_many_publications: gettext("You are already sending as much as this meeting allows."),
  };
  return texts[code] ?? gettext("That did not work. Please try again.");
}

/**
 * @param {string} reason a LeaveReason or the code of a fatal error
 * @returns {{title: string, text: string}}
 */
export function overText(reason) {
  /** @type {Record<string, [string, string]>} */
  const texts = {
    left: [gettext("You have left the meeting"), ""],
    removed: [
      gettext("You were removed from the meeting"),
      gettext("You cannot come back into this meeting unless the host lets you in again."),
    ],
    barred: [
      gettext("You cannot join this meeting"),
      gettext("You were removed from it. You can join again when the host lets you in."),
    ],
    restricted: [
      gettext("You cannot join from here or at this time"),
      gettext("Your organisation does not allow it. Please ask your administrator."),
    ],
    revoked: [
      gettext("Your access has ended"),
      gettext("Your account or your link is no longer valid, or not from here or at this time. Please ask your administrator."),
    ],
    meeting_ended: [gettext("The meeting has ended"), gettext("The host ended the meeting for everybody.")],
    denied: [gettext("You were not admitted"), gettext("The host did not let you into the meeting.")],
    duplicate: [gettext("The meeting is open somewhere else"), gettext("You joined it in another tab or on another device.")],
    meeting_full: [gettext("The meeting is full"), gettext("Try again when somebody has left.")],
    tenant_full: [
      gettext("Too many people are in meetings"),
      gettext("Your organisation already has as many people in meetings as it may. Try again when somebody has left one."),
    ],
    media_full: [
      gettext("The media server is full"),
      gettext("It cannot carry one more person at the moment. Those in the meeting do not notice. Try again in a few minutes."),
    ],
    meeting_frozen: [gettext("The meeting is stopped for the moment"), gettext("Nobody can join until it goes on. Try again later.")],
    room_not_found: [gettext("This room is not available"), gettext("It does not exist, or you have no access to it.")],
    password_required: [gettext("The room asks for its password"), gettext("Please go back and enter it.")],
    login_required: [gettext("You are no longer logged in"), gettext("Please log in and join again.")],
    pass_in_use: [gettext("This guest link is already in use"), gettext("Each link admits one person at a time.")],
    connection_lost: [gettext("The connection was lost"), gettext("Check your network and join again.")],
    media_failed: [gettext("Sound and picture could not be connected"), gettext("A firewall may be in the way. Join again, or ask your administrator.")],
    server_restart: [gettext("The server was restarted"), gettext("Please join again.")],
  };
  const [title, text] = texts[reason] ?? [gettext("The meeting could not be joined"), gettext("Please try again.")];
  return { title, text };
}

/** @param {Quality} quality @returns {string} */
export function qualityText(quality) {
  const texts = {
    good: gettext("Good connection"),
    fair: gettext("Fair connection"),
    poor: gettext("Poor connection"),
    lost: gettext("Connection lost"),
  };
  return texts[quality];
}
