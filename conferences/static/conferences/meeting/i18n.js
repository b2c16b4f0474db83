/** The languages of the page: the catalogue is Django's (/jsi18n/), numbers and times are the browser's. */

const language = globalThis.document?.documentElement.lang || "en";
const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const percents = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const integers = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

/** @returns {"ja" | "en"} */
export function pageLanguage() {
  return language.startsWith("ja") ? "ja" : "en";
}

/** @param {string} message @returns {string} */
export function gettext(message) {
  return globalThis.gettext(message);
}

/** @param {string} singular @param {string} plural @param {number} count @returns {string} */
export function ngettext(singular, plural, count) {
  return globalThis.ngettext(singular, plural, count);
}

/** @param {string} message with %(name)s places @param {Record<string, string | number>} values @returns {string} */
export function format(message, values) {
  return globalThis.interpolate(message, values, true);
}

/** @param {string} iso @returns {string} hour and minute */
export function timeOfDay(iso) {
  return clock.format(new Date(iso));
}

/** @param {number} share 0…1 @returns {string} in percent, with at most one decimal */
export function percent(share) {
  return percents.format(share);
}

/** @param {number} value @returns {string} */
export function integer(value) {
  return integers.format(value);
}
