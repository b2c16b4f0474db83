import assert from "node:assert/strict";
import { test } from "node:test";

import { GRID_TILES, arrange, grid } from "../../conferences/static/conferences/meeting/ui/layout.js";

const WIDE = { width: 1200, height: 600 };
const PHONE = { width: 374, height: 640 };
const keys = (count) => Array.from({ length: count }, (_, index) => `p${index}/camera`);

function assertFits(boxes, size) {
  for (const box of boxes) {
    assert.ok(box.width > 0 && box.height > 0, `${box.key} has a size`);
    assert.ok(box.x >= 0 && box.x + box.width <= size.width + 1, `${box.key} fits across`);
    assert.ok(box.y >= 0 && box.y + box.height <= size.height + 1, `${box.key} fits down`);
  }
}

function assertApart(boxes) {
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      assert.ok(apart, `${a.key} and ${b.key} do not overlap`);
    }
  }
}

test("every number of tiles fits on a wide stage and on a phone without overlap", () => {
  for (const size of [WIDE, PHONE]) {
    for (let count = 1; count <= GRID_TILES; count += 1) {
      const { boxes, pages } = arrange({ keys: keys(count), large: null, size, page: 0 });
      assert.equal(boxes.length, count);
      assert.equal(pages, 1);
      assertFits(boxes, size);
      assertApart(boxes);
    }
  }
});

test("two tiles stand beside each other on a wide stage and below each other on a phone", () => {
  assert.equal(grid(2, WIDE).columns, 2);
  assert.equal(grid(2, PHONE).columns, 1);
});

test("the last row of a grid is centred", () => {
  const { boxes } = arrange({ keys: keys(5), large: null, size: WIDE, page: 0 });
  const lastRow = boxes.filter(({ y }) => y === boxes[4].y);
  const left = lastRow[0].x;
  const right = WIDE.width - lastRow.at(-1).x - lastRow.at(-1).width;
  assert.ok(Math.abs(left - right) <= 2);
});

test("beyond twenty-five tiles there are pages", () => {
  const second = arrange({ keys: keys(30), large: null, size: WIDE, page: 1 });
  assert.equal(second.pages, 2);
  assert.deepEqual(second.boxes.map(({ key }) => key), keys(30).slice(25));
});

test("a page that is gone shows the last one", () => {
  assert.equal(arrange({ keys: keys(30), large: null, size: WIDE, page: 9 }).page, 1);
  assert.equal(arrange({ keys: keys(3), large: null, size: WIDE, page: -1 }).page, 0);
});

test("a large tile stands beside the strip on a wide stage and above it on a phone", () => {
  for (const size of [WIDE, PHONE]) {
    const { boxes } = arrange({ keys: keys(4), large: "p2/camera", size, page: 0 });
    const [large, ...strip] = boxes;
    assert.equal(large.key, "p2/camera");
    assert.ok(large.large && strip.every((box) => !box.large));
    assert.ok(strip.every((box) => (size === WIDE ? box.x >= large.width : box.y >= large.height)));
    assertFits(boxes, size);
    assertApart(boxes);
  }
});

test("a strip that does not hold all has pages", () => {
  const { boxes, pages } = arrange({ keys: keys(20), large: "p0/camera", size: WIDE, page: 0 });
  assert.ok(pages > 1);
  assertFits(boxes, WIDE);
});

test("a large tile alone has the whole stage", () => {
  const { boxes } = arrange({ keys: ["a/screen"], large: "a/screen", size: WIDE, page: 0 });
  assert.deepEqual(boxes, [{ key: "a/screen", x: 0, y: 0, width: 1200, height: 600, large: true }]);
});

test("a stage without a size shows nothing", () => {
  assert.deepEqual(arrange({ keys: keys(3), large: null, size: { width: 0, height: 0 }, page: 0 }).boxes, []);
});
