/** The bandwidth page's chart: the last hour in kbit/s, drawn anew with each fresh list. */

import { lineChart } from "./chart.js";

const list = document.getElementById("live");
const place = document.getElementById("flow-chart");

function draw() {
  const data = document.getElementById("flow-data")?.textContent;
  if (!place || !data) return;
  const { minutes, kbps_in, kbps_out } = JSON.parse(data);
  const labels = { in: place.dataset.in ?? "", out: place.dataset.out ?? "" };
  lineChart(place, minutes, [
    { label: labels.in, values: kbps_in, colour: "--accent" },
    { label: labels.out, values: kbps_out, colour: "--good" },
  ]);
}

list?.addEventListener("liveon:fresh", draw);
draw();
