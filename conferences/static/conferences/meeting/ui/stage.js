/**
 * The stage: places the tiles, pages them, and reports what is really on the screen, so that nothing else is sent.
 *
 * @import {Tile} from "../signalling/messages.js"
 * @import {State} from "../state/reducer.js"
 * @import {TileFace} from "../state/selectors.js"
 * @import {Box} from "./layout.js"
 */

import { format, gettext } from "../i18n.js";
import { largeTile, rosterOf, tilesOf } from "../state/selectors.js";
import { part } from "./dom.js";
import { arrange } from "./layout.js";
import { TileElement } from "./tile.js";

/** The report waits for the end of a resize or of a burst of joins. */
const REPORT_MS = 200;

/**
 * @typedef {object} StageActions
 * @property {(key: string) => void} pin
 * @property {(page: number) => void} turnPage
 * @property {(tiles: Tile[]) => void} showTiles
 * @property {(face: TileFace) => MediaStreamTrack | null} picture what is to be seen in a tile
 */

export class Stage {
  #actions;
  #root = part("tiles", HTMLElement);
  #pages = part("pages", HTMLElement);
  #pageText = part("page", HTMLElement);
  #previous = part("previous", HTMLButtonElement);
  #next = part("next", HTMLButtonElement);
  /** @type {Map<string, TileElement>} */
  #tiles = new Map();
  /** @type {TileFace[]} */
  #faces = [];
  /** @type {Box[]} */
  #boxes = [];
  /** @type {State | null} */
  #state = null;
  #page = 0;
  #reported = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {StageActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#previous.addEventListener("click", () => actions.turnPage(this.#page - 1));
    this.#next.addEventListener("click", () => actions.turnPage(this.#page + 1));
    new ResizeObserver(() => this.#state && this.render(this.#state)).observe(this.#root);
    document.addEventListener("visibilitychange", () => this.#report());
  }

  /** @param {State} state */
  render(state) {
    this.#state = state;
    this.#faces = tilesOf(state);
    const { boxes, pages, page } = arrange({
      keys: this.#faces.map(({ key }) => key),
      large: largeTile(state, this.#faces),
      size: { width: this.#root.clientWidth, height: this.#root.clientHeight },
      page: state.page,
    });
    this.#boxes = boxes;
    this.#page = page;
    this.#place(state);
    this.#showPages(pages);
    this.#timer ??= setTimeout(() => this.#report(), REPORT_MS);
  }

  /** Tracks came or went: show them where they belong. */
  refreshPictures() {
    for (const face of this.#faces) this.#tiles.get(face.key)?.setTrack(this.#actions.picture(face));
  }

  /** @param {State} state */
  #place(state) {
    const shown = new Set(this.#boxes.map(({ key }) => key));
    for (const [key, tile] of this.#tiles) if (!shown.has(key)) this.#drop(key, tile);
    const hands = new Map(rosterOf(state).map(({ participant, hand }) => [participant.id, hand]));
    this.#boxes.forEach((box, index) => {
      const face = /** @type {TileFace} */ (this.#faces.find(({ key }) => key === box.key));
      const tile = this.#tiles.get(box.key) ?? this.#add(box.key, index);
      const camera = face.source === "camera";
      tile.show({
        face,
        hand: camera ? (hands.get(face.participant.id) ?? 0) : 0,
        speaking: camera && state.speakers.includes(face.participant.id),
        paused: state.paused.includes(face.key),
        stalled: state.stalled.includes(face.key) && !face.participant.muted[face.source],
        pinned: state.pinned === face.key,
      });
      tile.place(box);
      tile.setTrack(this.#actions.picture(face));
    });
  }

  /** @param {string} key @param {number} index where it stands for the keyboard @returns {TileElement} */
  #add(key, index) {
    const tile = new TileElement();
    tile.onPin(() => this.#actions.pin(key));
    this.#root.insertBefore(tile, this.#root.children[index] ?? null);
    this.#tiles.set(key, tile);
    return tile;
  }

  /** @param {string} key @param {TileElement} tile */
  #drop(key, tile) {
    tile.remove();
    this.#tiles.delete(key);
  }

  /** @param {number} pages */
  #showPages(pages) {
    this.#pages.hidden = pages < 2;
    this.#previous.disabled = this.#page === 0;
    this.#next.disabled = this.#page >= pages - 1;
    this.#pageText.textContent = format(gettext("%(page)s of %(pages)s"), { page: this.#page + 1, pages });
  }

  #report() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const tiles = document.hidden ? [] : this.#boxes.flatMap((box) => this.#tileOf(box));
    const report = JSON.stringify(tiles);
    if (report === this.#reported) return;
    this.#reported = report;
    this.#actions.showTiles(tiles);
  }

  /** In device pixels; your own picture does not come from the server. @param {Box} box @returns {Tile[]} */
  #tileOf({ key, width, height }) {
    const face = this.#faces.find((one) => one.key === key);
    if (!face || face.own) return [];
    const scale = globalThis.devicePixelRatio || 1;
    return [{ participant: face.participant.id, source: face.source, width: Math.round(width * scale), height: Math.round(height * scale) }];
  }
}
