/**
 * Charts by uPlot (vendor/uplot.min.js, loaded before) in the colours of the page, light and dark.
 *
 * @typedef {{label: string, values: (number | null)[], colour: string}} Series `colour` names a custom property of tokens.css
 */

const HEIGHT = 220; // CSS pixels
const AXIS_FONT = "12px system-ui, sans-serif";

/** @type {WeakMap<HTMLElement, {destroy(): void}>} */
const charts = new WeakMap();

/**
 * Draw lines over time into `place`, in place of what was there. Times are shown in the zone that the page names.
 *
 * @param {HTMLElement} place
 * @param {number[]} times epoch seconds, growing
 * @param {Series[]} series
 */
export function lineChart(place, times, series) {
  const drawn = series.map(({ label, colour }) => ({ label, stroke: colourOf(place, colour), width: 2 }));
  draw(place, { series: [{}, ...drawn], scales: { y: { range: fromZero } } }, [times, ...series.map(({ values }) => values)]);
}

/** @param {HTMLElement} place @param {object} options @param {unknown[]} data */
function draw(place, options, data) {
  charts.get(place)?.destroy();
  place.replaceChildren();
  const ink = colourOf(place, "--ink-muted");
  const grid = { stroke: colourOf(place, "--line"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: AXIS_FONT };
  const size = { width: Math.max(280, place.clientWidth), height: HEIGHT };
  const axes = [{ ...axis, values: timeLabels }, { ...axis, size: 64 }];
  charts.set(place, new globalThis.uPlot({ ...size, legend: { live: false }, axes, ...options }, data, place));
}

/** Hours for a short span, days for a long one. @param {unknown} _chart @param {number[]} times epoch seconds */
function timeLabels(_chart, times) {
  const day = 24 * 3600;
  const isLong = (times[1] ?? 0) - (times[0] ?? 0) >= day;
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = isLong ? { month: "numeric", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const zone = document.documentElement.dataset.zone;
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { ...shape, timeZone: zone });
  return times.map((time) => format.format(time * 1000));
}

/** @param {unknown} _chart @param {number} _low @param {number | null} high */
function fromZero(_chart, _low, high) {
  return [0, Math.max(1, (high ?? 0) * 1.1)];
}

/** What a custom property is in the present colour scheme. @param {HTMLElement} place @param {string} property */
function colourOf(place, property) {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  place.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
