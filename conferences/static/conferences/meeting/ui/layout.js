/** Where the tiles go: pure geometry, in CSS pixels. */

/** @typedef {{key: string, x: number, y: number, width: number, height: number, large: boolean}} Box */
/** @typedef {{boxes: Box[], pages: number, page: number}} Layout */
/** @typedef {{width: number, height: number}} Size */

/** Tiles of one page of the grid. */
export const GRID_TILES = 25;

const RATIO = 16 / 9;

/** The narrowest tiles of a grid: on an upright phone faces may fill more of the height. */
const STANDARD = 4 / 3;
const UPRIGHT = 3 / 4;

const GAP = 8;
const STRIP_MIN = 96;
const STRIP_MAX = 200;
const WIDE = 1.2;

/**
 * @param {object} input
 * @param {string[]} input.keys tiles in their order
 * @param {string | null} input.large key of the tile that stands large, or null for a grid
 * @param {Size} input.size of the stage
 * @param {number} input.page which page of the small tiles, from 0
 * @returns {Layout}
 */
export function arrange({ keys, large, size, page }) {
  if (size.width <= 0 || size.height <= 0) return { boxes: [], pages: 1, page: 0 };
  if (large === null) return gridPage(keys, size, page);
  const small = keys.filter((key) => key !== large);
  if (small.length === 0) return { boxes: [whole(large, size)], pages: 1, page: 0 };
  return focusPage(large, small, size, page);
}

/**
 * The grid with the largest tiles: tries every number of columns.
 *
 * @param {number} count
 * @param {Size} size
 * @returns {{columns: number, rows: number, tile: Size}}
 */
export function grid(count, size) {
  let best = { columns: 1, rows: count, tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = { width: (size.width - GAP * (columns - 1)) / columns, height: (size.height - GAP * (rows - 1)) / rows };
    const tile = fit(cell, size.width < size.height ? UPRIGHT : STANDARD);
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, rows, tile };
  }
  return best;
}

/** @param {string[]} keys @param {Size} size @param {number} page @returns {Layout} */
function gridPage(keys, size, page) {
  const { shown, pages, current } = paged(keys, GRID_TILES, page);
  const { columns, rows, tile } = grid(shown.length, size);
  const top = (size.height - rows * tile.height - GAP * (rows - 1)) / 2;
  const boxes = shown.map((key, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, shown.length - row * columns);
    const left = (size.width - inRow * tile.width - GAP * (inRow - 1)) / 2;
    const x = left + (index - row * columns) * (tile.width + GAP);
    return box(key, x, top + row * (tile.height + GAP), tile, false);
  });
  return { boxes, pages, page: current };
}

/** One large tile; the small ones in a strip at its side, or below it on a tall stage.
 * @param {string} large @param {string[]} small @param {Size} size @param {number} page @returns {Layout} */
function focusPage(large, small, size, page) {
  const beside = size.width / size.height > WIDE;
  const tile = stripTile(size, beside);
  const room = beside ? size.height : size.width;
  const step = (beside ? tile.height : tile.width) + GAP;
  const { shown, pages, current } = paged(small, Math.max(1, Math.floor((room + GAP) / step)), page);
  const start = Math.max(0, (room - shown.length * step + GAP) / 2);
  const strip = shown.map((key, index) => {
    const along = start + index * step;
    return beside ? box(key, size.width - tile.width, along, tile, false) : box(key, along, size.height - tile.height, tile, false);
  });
  const rest = beside
    ? { width: size.width - tile.width - GAP, height: size.height }
    : { width: size.width, height: size.height - tile.height - GAP };
  return { boxes: [whole(large, rest), ...strip], pages, page: current };
}

/** @param {Size} size @param {boolean} beside @returns {Size} */
function stripTile(size, beside) {
  const wished = beside ? size.width * 0.18 : size.width * 0.28;
  const width = Math.min(STRIP_MAX, Math.max(STRIP_MIN, wished));
  return { width: Math.floor(width), height: Math.floor(width / RATIO) };
}

/** @param {string[]} keys @param {number} perPage @param {number} page */
function paged(keys, perPage, page) {
  const pages = Math.max(1, Math.ceil(keys.length / perPage));
  const current = Math.min(Math.max(0, page), pages - 1);
  return { shown: keys.slice(current * perPage, (current + 1) * perPage), pages, current };
}

/** The largest tile in this cell whose ratio is between `narrowest` and 16:9.
 * @param {Size} cell @param {number} narrowest @returns {Size} */
function fit({ width, height }, narrowest) {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  const ratio = Math.min(RATIO, Math.max(narrowest, width / height));
  const fitted = Math.min(width, height * ratio);
  return { width: Math.floor(fitted), height: Math.floor(fitted / ratio) };
}

/** @param {string} key @param {Size} size @returns {Box} */
function whole(key, size) {
  return box(key, 0, 0, { width: Math.floor(size.width), height: Math.floor(size.height) }, true);
}

/** @param {string} key @param {number} x @param {number} y @param {Size} tile @param {boolean} large @returns {Box} */
function box(key, x, y, tile, large) {
  return { key, x: Math.round(x), y: Math.round(y), ...tile, large };
}
