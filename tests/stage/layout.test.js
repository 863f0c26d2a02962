import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, GAP } from "../../app/stage/state/layout.js";

const columns = (count, width, height, knobs = 3) => arrange(count, knobs, width, height).columns;

test("one, two and three panels stand side by side in a wide view and below each other in a tall one", () => {
  assert.deepEqual([1, 2, 3].map((count) => columns(count, 1200, 600)), [1, 2, 3]);
  assert.deepEqual([1, 2, 3].map((count) => columns(count, 600, 1500)), [1, 1, 1]);
});

test("four stand two by two", () => {
  for (const [width, height] of [[1500, 660], [1280, 430], [700, 900], [2400, 500]]) assert.equal(columns(4, width, height), 2);
});

test("five and six stand three by two in a wide view and two by three in a tall one", () => {
  for (const count of [5, 6]) {
    assert.equal(columns(count, 1400, 700), 3);
    assert.equal(columns(count, 800, 1500), 2);
  }
});

test("on a phone there is one column that scrolls", () => {
  for (let count = 1; count <= 6; count++) {
    const { columns: one, height, narrow } = arrange(count, 3, 360, 500);
    assert.deepEqual([one, narrow], [1, true]);
    assert.ok(height >= count * 360 * 0.9);
  }
});

test("plots never get small: the view grows instead", () => {
  for (let count = 1; count <= 6; count++) {
    for (const width of [600, 900, 1250, 1900]) {
      for (const height of [400, 500, 700, 1000]) {
        for (const knobs of [0, 2, 6]) {
          const found = arrange(count, knobs, width, height), rows = Math.ceil(count / found.columns);
          const tall = Math.max(height, found.height) / rows, wide = (width - GAP * (found.columns - 1)) / found.columns;
          // what is left of a row beneath a header of one line or two and the rows of knobs
          const plot = tall - (wide < 500 ? 65 : 44) - Math.ceil(knobs / Math.max(1, Math.floor(wide / 208))) * 26;
          assert.ok(plot >= Math.min(230, wide) - 1, `${count} panels with ${knobs} knobs in ${width} x ${height}: ${plot}`);
          assert.ok(!found.narrow);
        }
      }
    }
  }
});
