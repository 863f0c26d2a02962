import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera, fitOf, project } from "../../app/stage/state/camera.js";
import { interpolate } from "../../app/stage/data/interpolate.js";
import { frame, panel, samples } from "./frames.js";

const rect = { left: 10, top: 20, width: 400, height: 200 };
const near = (a, b, by = 1e-5) => a.forEach((v, d) => assert.ok(Math.abs(v - b[d]) < by, `${a} is not ${b}`));

test("in the plane a pixel and its place are each other's way back", () => {
  const camera = new Camera(2);
  Object.assign(camera, { center: [3, -2, 0], radius: 5 });
  for (const [x, y] of [[0, 0], [400, 200], [200, 100], [37, 181]]) near(project(camera.lens(rect).view, rect, ...camera.toWorld(x, y, rect)), [x, y], 1e-3);
  near(camera.toWorld(200, 100, rect), [3, -2]);
  assert.equal(camera.unitsPerPixel(rect), 0.05, "the shorter side shows twice the radius");
});

test("zoom keeps the place under the pointer, and ends the automatic fit", () => {
  const camera = new Camera(2), before = camera.toWorld(90, 40, rect);
  camera.zoom(0.25, 90, 40, rect);
  near(camera.toWorld(90, 40, rect), before);
  assert.equal(camera.radius, 0.25);
  assert.equal(camera.follow({ center: [9, 9, 9], radius: 9 }, 1, true), false);
  camera.reset();
  camera.follow({ center: [9, 9, 9], radius: 9 }, 1, true);
  assert.equal(camera.radius, 9);
});

test("a drag moves the picture with the pointer", () => {
  const camera = new Camera(2), before = camera.toWorld(100, 100, rect);
  camera.drag(30, -20, rect);
  near(camera.toWorld(130, 80, rect), before);
});

test("in space an orbit turns about the middle and never over the pole", () => {
  const camera = new Camera(3);
  camera.center = [1, 2, 3];
  for (let k = 0; k < 50; k++) camera.drag(13, 29, rect);
  assert.equal(camera.elevation, 1.5);
  const { view, right, up, toEye, distance } = camera.lens(rect);
  near(project(view, rect, 1, 2, 3), [200, 100], 1e-3);
  const dot = (a, b) => a.reduce((sum, v, d) => sum + v * b[d], 0);
  near([dot(right, up), dot(right, toEye), dot(up, toEye), dot(up, up)], [0, 0, 0, 1]);
  const behind = camera.center.map((v, d) => v + 1.5 * distance * toEye[d]);
  assert.equal(project(view, rect, ...behind), null);
});

test("it comes to a fit and stays", () => {
  const camera = new Camera(2), fit = { center: [1, 1, 0], radius: 2 };
  camera.follow({ center: [0, 0, 0], radius: 1 }, 0, false);
  assert.equal(camera.radius, 1, "the first fit is simply there");
  let pictures = 0;
  while (camera.follow(fit, 0.016, false)) pictures++;
  assert.ok(pictures > 20 && pictures < 150);
  assert.deepEqual([camera.center, camera.radius], [[1, 1, 0], 2]);
});

test("a fit holds the points, the origin for directions, the unit circle for cosines", () => {
  const places = [[0.5, 0.25], [0.75, 0.5]], points = samples([0, 1]);
  const scene = (kind) => interpolate(frame(0, panel(places, { kind })), frame(0, panel(places, { kind })), 0, 0, points);
  near([fitOf([scene("linear")]).radius], [0.375 * 1.08]);
  near(fitOf([scene("cosine")]).center, [0, 0, 0]);
  near([fitOf([scene("cosine")]).radius], [1.08]);
  near(fitOf([scene("euclidean")]).center, [0, 0.25, 0], 1e-5);
  assert.equal(fitOf([]), null);
});
