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
 * Draw lines over time into `place`, in place of what was there. Times are shown in the browser's zone.
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
  charts.set(place, new globalThis.uPlot({ ...size, axes: [axis, { ...axis, size: 64 }], ...options }, data, place));
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
