/**
 * The panel with the statistics: read every two seconds while it is open, and never otherwise.
 *
 * @import {MeetingFigures} from "../media/tile_stats.js"
 * @import {State} from "../state/reducer.js"
 * @import {Row, TileStatistics} from "./statistics_text.js"
 */

import { gettext } from "../i18n.js";
import { element, part } from "./dom.js";
import { asText, connectionRows, tileStatistics } from "./statistics_text.js";

const REFRESH_MS = 2_000;

/** @typedef {{section: HTMLElement, title: HTMLElement, reason: HTMLElement, facts: HTMLElement}} Block */

export class Statistics {
  #read;
  #root = part("statistics-list", HTMLElement);
  #copied = part("statistics-copied", HTMLElement);
  #connection = block();
  /** @type {Map<string, Block>} */
  #blocks = new Map();
  /** @type {State | null} */
  #state = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #text = "";

  /** @param {() => Promise<MeetingFigures>} read figures since its last call */
  constructor(read) {
    this.#read = read;
    part("statistics-copy", HTMLButtonElement).addEventListener("click", () => void this.#copy());
    this.#connection.title.textContent = gettext("Connection");
    this.#root.append(this.#connection.section);
  }

  /** @param {State} state */
  render(state) {
    this.#state = state;
    const isOpen = state.panel === "statistics" && state.phase === "joined";
    if (isOpen === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = isOpen ? setInterval(() => void this.#refresh(), REFRESH_MS) : undefined;
    this.#copied.textContent = "";
    if (isOpen) void this.#refresh();
  }

  async #refresh() {
    const figures = await this.#read();
    const state = this.#state;
    if (!state || this.#timer === undefined) return;
    const [rows, tiles] = [connectionRows(state, figures), tileStatistics(state, figures)];
    fill(this.#connection, "", rows);
    this.#show(tiles);
    /** @type {Row[]} */
    const about = [
      [gettext("Time"), new Date().toISOString()],
      [gettext("Browser"), navigator.userAgent],
      [gettext("Own participant number"), state.you],
    ];
    this.#text = asText({ rows, tiles, about });
  }

  /** Texts change in place, so that a reader's position stays. @param {TileStatistics[]} tiles */
  #show(tiles) {
    const keys = new Set(tiles.map(({ key }) => key));
    for (const [key, { section }] of this.#blocks) {
      if (keys.has(key)) continue;
      section.remove();
      this.#blocks.delete(key);
    }
    for (const { key, title, reason, rows } of tiles) {
      const shown = this.#blocks.get(key) ?? block();
      this.#blocks.set(key, shown);
      shown.title.textContent = title;
      shown.section.dataset.testid = "tile-statistics";
      shown.section.dataset.key = key;
      fill(shown, reason, rows);
      if (!shown.section.isConnected) this.#root.append(shown.section);
    }
  }

  async #copy() {
    const done = await navigator.clipboard?.writeText(this.#text).then(
      () => true,
      () => false,
    );
    this.#copied.textContent = done ? gettext("Copied. It names nobody else.") : gettext("The browser does not allow copying here.");
  }
}

/** @returns {Block} */
function block() {
  const title = element("h3", { class: "statistics-title" });
  const reason = element("p", { class: "statistics-reason" });
  const facts = element("dl", { class: "facts" });
  return { section: element("section", { class: "statistics-block" }, title, reason, facts), title, reason, facts };
}

/** @param {Block} shown @param {string} reason @param {Row[]} rows */
function fill({ reason: line, facts }, reason, rows) {
  line.textContent = reason;
  line.hidden = reason === "";
  facts.replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "num" }, value)]));
  facts.hidden = rows.length === 0;
}
