// The state of the stage and the functions that change it; no DOM and no WebGL.

import { Camera, fitOf } from "./state/camera.js";
import * as clocks from "./state/clock.js";
import { scenesOf, viewOf } from "./state/views.js";

/** @typedef {import("./data/decode.js").Points} Points */
/** @typedef {import("./data/frame_store.js").Timeline} Timeline */
/** @typedef {import("./state/clock.js").Clock} Clock */
/** @typedef {import("./state/clock.js").Moment} Moment */
/** @typedef {import("./state/views.js").PanelView} PanelView */
/** @typedef {import("./state/views.js").Place} Place */

/**
 * @typedef {object} State
 * @property {Clock} clock
 * @property {Camera[]} cameras        one a panel; while axes are shared all panels use the first
 * @property {boolean} commonAxes
 * @property {boolean} commonKnobs     a knob moves in every panel that has it
 * @property {number|null} selection   the sample that was chosen
 * @property {number|null} hover     the sample under the pointer
 * @property {Record<string, boolean>} layers   what is shown, by the name of its switch
 * @property {boolean} paused          training was paused from here
 * @property {boolean} ready          the run has been described, and the clock stands where the page asks
 * @property {string} problem          what went wrong, in a sentence
 */

/**
 * What the state must know of a run.
 * @typedef {Timeline & {live: boolean}} Run
 */

/**
 * @param {Record<string, boolean>} layers  the switches, as they are at first
 * @returns {State}
 */
export function createState(layers) {
  return {
    clock: clocks.createClock(), cameras: [], commonAxes: true, commonKnobs: false, selection: null, hover: null,
    layers: { ...layers }, paused: false, ready: false, problem: "",
  };
}

/**
 * Another run is opened.
 * @param {State} state
 * @param {boolean} commonAxes
 */
export function openRun(state, commonAxes) {
  clocks.restart(state.clock);
  state.ready = false;
  state.commonAxes = commonAxes;
  state.selection = state.hover = null;
}

/**
 * The run was described: the clock goes where the page asks, a recording plays from its beginning.
 * @param {State} state
 * @param {Run} run
 * @param {number|null} frame
 * @param {boolean} autoplay
 */
export function describeRun(state, run, frame, autoplay) {
  state.problem = "";
  state.paused = false;
  if (state.ready) return;
  state.ready = true;
  if (frame !== null) clocks.seek(state.clock, run, frame);
  else if (autoplay && !run.live) clocks.play(state.clock, run);
}

/**
 * Whether the picture moves by itself: a replay, or a run that is trained and followed.
 * @param {State} state
 * @param {Run} run
 */
export const isPlaying = ({ clock, paused }, run) => clock.playing || (clock.follow && run.live && !paused);

/**
 * Where the clock rests inside the run; null where it moves or stands at the end.
 * @param {State} state
 * @param {Run} run
 */
export function restOf(state, run) {
  const { clock } = state;
  const away = isPlaying(state, run) || clock.follow || clock.position >= clocks.lastFrame(run);
  return away ? null : Math.round(clock.position);
}

/** @param {State} state @param {Run} run @param {number} now */
export function togglePlay(state, run, now) {
  const { clock } = state;
  if (isPlaying(state, run)) clocks.pause(clock);
  else if (run.live && clock.position >= clocks.lastFrame(run)) clocks.followNewest(clock, run, now);
  else clocks.play(clock, run);
}

/** @param {State} state @param {Run} run @param {number} now */
export function toggleFollow(state, run, now) {
  if (state.clock.follow) clocks.pause(state.clock);
  else clocks.followNewest(state.clock, run, now);
}

/** @param {State} state @param {Run} run @param {number} frames */
export function moveBy(state, run, frames) {
  clocks.seek(state.clock, run, Math.round(state.clock.position) + frames);
}

/**
 * @param {State} state
 * @param {string} name
 * @param {boolean} on
 */
export function showLayer(state, name, on) {
  if (!(name in state.layers)) throw new RangeError(`There is no layer ${name}; there are ${Object.keys(state.layers).join(", ")}.`);
  state.layers[name] = on;
}

/** @param {State} state @param {number|null} sample */
export function selectSample(state, sample) {
  state.selection = sample;
}

/** @param {State} state */
export function toggleCommonAxes(state) {
  const [first, ...others] = state.cameras;
  state.commonAxes = !state.commonAxes;
  if (state.commonAxes) first?.reset();
  else for (const camera of others) camera.copy(first);
}

/** @param {State} state @param {number} row */
export const cameraOf = ({ cameras, commonAxes }, row) => cameras[commonAxes ? 0 : row];

/**
 * Let the cameras follow the scenes for `dt` seconds and say what each panel shows.
 * @param {State} state
 * @param {string} run
 * @param {Moment} moment
 * @param {Place[]} places
 * @param {Points} points
 * @param {number} dt
 * @returns {{views: PanelView[], moving: boolean}}
 */
export function compose(state, run, moment, places, points, dt) {
  const scenes = scenesOf(moment, places, points);
  const dim = scenes[0]?.dim ?? 2, snap = !state.clock.smooth;
  if (state.cameras.length !== scenes.length || state.cameras[0]?.dim !== dim) state.cameras = scenes.map(() => new Camera(dim));
  let moving = false;
  if (state.commonAxes) moving = state.cameras[0]?.follow(fitOf(scenes), dt, snap) ?? false;
  else scenes.forEach((scene, row) => { moving = state.cameras[row].follow(fitOf([scene]), dt, snap) || moving; });
  const views = scenes.map((scene, row) => viewOf(run, moment, places[row], row, scene, cameraOf(state, row), points.labels.length));
  return { views, moving };
}
