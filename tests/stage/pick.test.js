import assert from "node:assert/strict";
import { test } from "node:test";

import { interpolate, positionOf } from "../../app/stage/data/interpolate.js";
import { pathsOf } from "../../app/stage/layers/paths.js";
import { createScreenIndex } from "../../app/stage/layers/screen_index.js";
import { SHAPES } from "../../app/stage/shared.js";
import { Camera, project } from "../../app/stage/state/camera.js";
import { frame, panel, samples } from "./frames.js";

const rect = { left: 0, top: 0, width: 400, height: 300 }, both = { train_points: true, test_points: true };

function viewOf(dim, places, points) {
  const camera = new Camera(dim), cloud = frame(0, panel(places));
  return { row: 0, rect, camera, scene: interpolate(cloud, cloud, 0, 0, points), lens: camera.lens(rect), key: "a" };
}

/** The nearest sample by looking at all of them. */
function nearest({ scene, lens }, points, switches, x, y) {
  let best = 81, sample = null;
  for (let i = 0; i < points.labels.length; i++) {
    const z = positionOf(scene, i), place = z && project(lens.view, rect, ...z);
    if (!place || !(points.split[i] ? switches.test_points : switches.train_points)) continue;
    const apart = (place[0] - x) ** 2 + (place[1] - y) ** 2;
    if (apart < best) [best, sample] = [apart, i];
  }
  return sample;
}

for (const dim of [2, 3]) {
  test(`the quadtree finds what a look at all samples finds, in ${dim} dimensions`, () => {
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const places = Array.from({ length: 700 }, () => Array.from({ length: dim }, () => 2 * random() - 1));
    places[5] = Array(dim).fill(NaN);
    const points = samples(places.map(() => 0), places.map((_, k) => k % 3 && 1)), view = viewOf(dim, places, points), index = createScreenIndex();
    let hits = 0;
    for (let k = 0; k < 400; k++) {
      const x = 400 * random(), y = 300 * random(), switches = { ...both, test_points: k % 2 === 0 };
      const sample = index.find(view, { points, switches }, x, y), expected = nearest(view, points, switches, x, y);
      const at = (i) => (i === null ? null : project(view.lens.view, rect, ...positionOf(view.scene, i)).map((v) => v.toFixed(3)).join());
      assert.equal(at(sample), at(expected)); // places are stored in single precision: one of two at one place
      hits += sample !== null;
    }
    assert.ok(hits > 50);
  });
}

test("nothing is found without points, and the tree follows the key of the view", () => {
  const points = samples([0]), index = createScreenIndex(), view = viewOf(2, [[0, 0]], points);
  assert.equal(index.find(view, { points, switches: both }, 200, 150), 0);
  assert.equal(index.find(view, { points, switches: { train_points: false, test_points: true } }, 200, 150), null);
  const other = { ...viewOf(2, [[0.5, 0]], points), key: "b" };
  assert.equal(index.find(other, { points, switches: both }, 200, 150), null);
  assert.equal(index.find(other, { points, switches: both }, 275, 150), 0);
});

test("paths run where the shapes of Python lie", () => {
  const path = (kind, dim, ...n) => pathsOf(kind, Float32Array.from([...n, ...Array(8 - n.length).fill(0)]), dim, 10, 1);
  const lengths = (points, center = [0, 0, 0]) => points.map((p) => Math.hypot(...p.map((v, d) => v - center[d])));
  assert.deepEqual(path(SHAPES.ray, 2, 1, 2, 0, 1), [[[1, 2, 0], [1, 12, 0]]]);
  assert.deepEqual(path(SHAPES.segment, 2, 1, 2, 3, 4), [[[1, 2, 0], [3, 4, 0]]]);
  for (const length of lengths(path(SHAPES.circle, 2, 1, 1, 2)[0], [1, 1, 0])) assert.ok(Math.abs(length - 2) < 1e-6);
  assert.equal(path(SHAPES.circle, 3, 0, 0, 0, 1).length, 3);
  const arc = path(SHAPES.arc, 2, 0, 0, 1, 3, -3)[0];
  assert.ok(arc.every(([x]) => x < -0.98), "an arc across the angle pi takes the short way");
  const cap = path(SHAPES.cap, 3, 0, 0, 1, 0.5)[0];
  assert.ok(cap.every(([, , z]) => Math.abs(z - Math.cos(0.5)) < 1e-6) && lengths(cap).every((length) => Math.abs(length - 1) < 1e-6));
  const turn = path(SHAPES.sphereArc, 3, 0, 0, 1, 1, 0, 0, Math.PI / 2)[0];
  assert.ok(Math.abs(turn.at(-1)[1] - 1) < 1e-6);
  const ellipse = path(SHAPES.ellipse, 2, 0, 0, 3, 1)[0];
  assert.ok(ellipse.every(([x, y]) => Math.abs((x / 3) ** 2 + y ** 2 - 1) < 1e-6));
});
