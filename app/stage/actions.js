// What buttons, keys and scripts do.

import { isPlaying, moveBy, selectSample, showLayer, toggleFollow, togglePlay, toggleCommonAxes } from "./state.js";
import { followNewest, lastFrame, seek } from "./state/clock.js";
import { make } from "./ui/elements.js";

/** @typedef {ReturnType<typeof createActions>} Actions */

/**
 * @param {import("./index.js").Stage} stage
 * @param {{fullscreenElement?: Element|null}} root
 */
export function createActions(stage, root) {
  const { state } = stage, { clock } = state;
  const wake = () => stage.animation.wake();
  const follow = () => followNewest(clock, stage.feed, performance.now());

  return {
    play() {
      togglePlay(state, stage.feed, performance.now());
      wake();
    },
    /** One step of the training, or one frame of a recording. */
    step() {
      if (stage.feed.live) {
        stage.feed.send({ type: "step" });
        state.paused = true;
        follow();
      } else moveBy(state, stage.feed, 1);
      wake();
    },
    /** @param {number} frame */
    seek(frame) {
      seek(clock, stage.feed, frame);
      wake();
    },
    /** @param {number} frames */
    move(frames) {
      moveBy(state, stage.feed, frames);
      wake();
    },
    end() {
      seek(clock, stage.feed, lastFrame(stage.feed));
      wake();
    },
    /** @param {number} value */
    speed(value) { clock.speed = value; },
    follow() {
      toggleFollow(state, stage.feed, performance.now());
      wake();
    },
    loop() {
      clock.loop = !clock.loop;
      wake();
    },
    /** Pause the training, or let it go on. */
    train() {
      state.paused = !state.paused;
      stage.feed.send({ type: state.paused ? "pause" : "resume" });
      if (!state.paused) follow();
      wake();
    },
    /** @param {number} rate  frames a second */
    pace(rate) {
      stage.feed.send({ type: "pace", frames_per_second: rate, steps_per_frame: stage.feed.meta?.experiment?.steps_per_frame ?? 1 });
    },
    /** @param {string} name @param {boolean} [on] */
    layer(name, on = !state.layers[name]) {
      showLayer(state, name, on);
      stage.animation.redraw();
    },
    /** @param {number|null} sample */
    select(sample) {
      const samples = stage.feed.points?.labels.length ?? 0;
      if (sample !== null && !(Number.isInteger(sample) && sample >= 0 && sample < samples)) {
        throw new RangeError(`There is no sample ${sample}; there are ${samples}, the first is 0.`);
      }
      selectSample(state, sample);
      stage.animation.redraw();
    },
    commonAxes() {
      toggleCommonAxes(state);
      wake();
    },
    commonKnobs() {
      state.commonKnobs = !state.commonKnobs;
      wake();
    },
    /** @type {import("./ui/knobs.js").EditKnob} */
    edit(change, final) {
      const panel = state.commonKnobs ? null : change.panel;
      if (panel === null) for (const cell of stage.cells) cell.knobs.hold(change.knob, change.value);
      const edit = { ...change, panel, frame: stage.animation.moment?.near.id ?? 0 };
      if (final) stage.host.edit?.({ ...edit, run: stage.feed.run });
      else stage.feed.send({ type: "edit", ...edit });
    },
    picture() {
      const step = stage.animation.moment?.near.step ?? 0;
      make("a", { href: stage.animation.snapshot(), download: `${stage.feed.run}-${step}.png` }).click();
    },
    fullscreen() {
      if (document.fullscreenElement ?? root.fullscreenElement) document.exitFullscreen();
      else stage.view.stage.requestFullscreen?.();
    },
    isPlaying: () => isPlaying(state, stage.feed),
  };
}
