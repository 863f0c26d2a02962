import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { compose, createState, describeRun, isPlaying, openRun, restOf, selectSample, showLayer, toggleFollow, togglePlay, toggleCommonAxes } from "../../app/stage/state.js";
import { momentOf, seek } from "../../app/stage/state/clock.js";
import { Quality } from "../../app/stage/state/quality.js";
import { createRest } from "../../app/stage/state/rest.js";
import { gridStep } from "../../app/stage/state/views.js";
import { frame, panel, samples, timeline } from "./frames.js";

const LAYERS = { regions: true, band: true };

test("a recording plays from its beginning, or stands where the page asks", () => {
  const state = createState(LAYERS), run = timeline(10);
  openRun(state, true);
  describeRun(state, run, null, true);
  assert.deepEqual([isPlaying(state, run), state.clock.position], [true, 0]);
  describeRun(state, run, 4, true);
  assert.equal(state.clock.position, 0, "only the first description places the clock");
  openRun(state, true);
  describeRun(state, run, 4, true);
  assert.deepEqual([isPlaying(state, run), state.clock.position, restOf(state, run)], [false, 4, 4]);
});

test("a run that is trained is followed, and does not play once training is halted", () => {
  const state = createState(LAYERS), run = { ...timeline(10), live: true };
  openRun(state, true);
  describeRun(state, run, null, true);
  assert.deepEqual([isPlaying(state, run), state.clock.playing, restOf(state, run)], [true, false, null]);
  state.paused = true;
  assert.equal(isPlaying(state, run), false);
  togglePlay(state, run, 0);
  assert.equal(state.clock.playing, true);
  togglePlay(state, run, 0);
  toggleFollow(state, run, 0);
  assert.equal(state.clock.follow, true);
});

test("play at the newest frame of a live run follows it", () => {
  const state = createState(LAYERS), run = { ...timeline(10), live: true };
  seek(state.clock, run, 9);
  togglePlay(state, run, 0);
  assert.deepEqual([state.clock.follow, state.clock.playing], [true, false]);
});

test("a layer that does not exist is refused in one sentence", () => {
  const state = createState(LAYERS);
  showLayer(state, "band", false);
  assert.deepEqual(state.layers, { regions: true, band: false });
  assert.throws(() => showLayer(state, "clouds", true), { message: "There is no layer clouds; there are regions, band." });
});

test("another run forgets the selection", () => {
  const state = createState(LAYERS);
  selectSample(state, 3);
  openRun(state, false);
  assert.deepEqual([state.selection, state.commonAxes], [null, false]);
});

const rect = { left: 0, top: 0, width: 200, height: 200 }, box = { x: 0, y: 0, width: 200, height: 200, ratio: 1 };
const places = [0, 1].map((k) => ({ panel: k, rect, box }));

test("panels share a camera or have their own, and one that is set free starts from the shared view", () => {
  const state = createState(LAYERS), points = samples([0, 1]);
  const run = { count: 1, frames: [frame(0, panel([[0, 0], [0.1, 0.1]]), panel([[0, 0], [0.9, 0.9]]))], live: false };
  const views = () => compose(state, "r", momentOf(state.clock, run), places, points, 1).views;
  const [a, b] = views();
  assert.equal(a.camera, b.camera);
  assert.ok(Math.abs(a.camera.radius - 0.45 * 1.08) < 1e-5, "the wider panel decides");
  a.camera.zoom(0.5, 0, 0, rect);
  toggleCommonAxes(state);
  const [c, d] = views();
  assert.notEqual(c.camera, d.camera);
  assert.equal(d.camera.radius, c.camera.radius);
  d.camera.reset();
  c.camera.reset();
  for (let k = 0; k < 50; k++) views();
  assert.ok(Math.abs(c.camera.radius - 0.05 * 1.08) < 1e-5);
  toggleCommonAxes(state);
  assert.ok(state.cameras[0].auto);
});

test("the key of a view changes with run, frame and camera alone", () => {
  const state = createState(LAYERS), points = samples([0]);
  const run = { count: 2, frames: [0, 1].map((k) => frame(k, panel([[0.1 * k, 0]]), panel([[0, 0]]))), live: false };
  state.clock.smooth = false;
  const key = (name = "r") => compose(state, name, momentOf(state.clock, run), places, points, 1).views[0].key;
  const first = key();
  assert.equal(key(), first);
  assert.notEqual(key("other"), first);
  seek(state.clock, run, 1);
  assert.notEqual(key(), first);
});

test("grid lines are round and at least 56 pixels apart", () => {
  assert.deepEqual([0.01, 0.02, 0.05, 1, 30].map(gridStep), [1, 2, 5, 100, 2000]);
});

test("slow pictures give up resolution step by step, quick ones take it back, rest is full", () => {
  const quality = new Quality();
  for (let k = 0; k < 60; k++) quality.adapt(80);
  assert.equal(quality.level, 6);
  assert.equal(quality.choose(true), true);
  assert.deepEqual([quality.full, quality.regions, quality.canvas], [false, 0.5, 0.5]);
  assert.equal(quality.choose(false), true);
  assert.deepEqual([quality.full, quality.regions, quality.canvas], [true, 1, 1]);
  for (let k = 0; k < 60; k++) quality.adapt(8);
  assert.equal(quality.level, 0);
  for (let k = 0; k < 60; k++) quality.adapt(20);
  assert.equal(quality.level, 0, "between both bounds nothing changes");
});

test("a rest is reported once it has lasted, and not what the page asked for", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const reports = [], rest = createRest((at) => reports.push(at));
  rest.assume(4);
  rest.update(4);
  mock.timers.tick(5000);
  rest.update(5);
  rest.update(6);
  mock.timers.tick(699);
  assert.deepEqual(reports, []);
  mock.timers.tick(1);
  rest.update(null);
  rest.end();
  mock.timers.tick(5000);
  mock.timers.reset();
  assert.deepEqual(reports, [6]);
});
