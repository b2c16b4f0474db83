/**
 * Charts of what was used, day by day, drawn from the page's data and again when the colours or the width change.
 *
 * @typedef {import("./chart.js").Series} Series
 * @typedef {{times: number[], charts: Record<string, Series[]>}} Usage `charts` by the id of their place
 */

import { lineChart } from "./chart.js";

const text = document.getElementById("usage-data")?.textContent;

/** @param {Usage} usage */
function draw({ times, charts }) {
  for (const [id, series] of Object.entries(charts)) {
    const place = document.getElementById(id);
    if (place) lineChart(place, times, series);
  }
}

if (text) {
  /** @type {Usage} */
  const usage = JSON.parse(text);
  draw(usage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(usage));
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) draw(usage);
    width = innerWidth;
  });
}
