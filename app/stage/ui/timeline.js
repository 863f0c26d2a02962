// The row of the clock: play, step, scrubber with its marks, speed, loop, follow.

import { createButton, createMenu, createToggle, press } from "./buttons.js";
import { icon, make, say, setAttribute, show } from "./elements.js";
import { glyph } from "./legend.js";

/** @typedef {import("../data/feed.js").RunEvent} RunEvent */
/** @typedef {import("../words.js").Translate} Translate */

/**
 * @typedef {object} TimelineStatus
 * @property {boolean} playing
 * @property {boolean} follow
 * @property {boolean} live
 * @property {boolean} loop
 * @property {number} frame
 * @property {number} last
 * @property {number} step
 * @property {RunEvent[]} events
 */

const SPEEDS = [0.25, 0.5, 1, 2, 4];

/**
 * @param {Translate} t
 * @param {import("../actions.js").Actions} act
 */
export function createTimeline(t, act) {
  const play = createButton(t, "play", "play", act.play), step = createButton(t, "step", "step", act.step);
  const scrub = make("input", { type: "range", class: "lg-scrub", min: 0, max: 0, step: 1, value: 0, "aria-label": t("scrub"), on: { input: () => act.seek(Number(scrub.value)) } });
  const marks = make("div", { class: "lg-marks" }), place = make("output", { class: "lg-place", "aria-live": "off" });
  const speed = createMenu(t, "speed", SPEEDS, 1, (value) => `${value}×`, act.speed);
  const loop = createButton(t, "loop", "loop", act.loop, { "aria-pressed": "false" });
  const follow = createToggle(t, "follow", act.follow, glyph("live"));
  let markKey = "", playing = false;

  /** @param {RunEvent} event @param {number} last */
  function markOf({ kind, step: at, frame, body }, last) {
    const words = kind === "edit" ? t("edit_mark", { knob: body.knob, value: body.value, step: at }) : t("diverged_mark", { step: at });
    return make("span", { class: `lg-mark lg-${kind}`, style: `--share:${last ? Math.min(1, frame / last) : 0}`, title: words, role: "img", "aria-label": words,
      on: { click: () => act.seek(frame) } });
  }

  return {
    element: make("div", { class: "lg-row" }, play, step, make("div", { class: "lg-timeline" }, scrub, marks), place, speed, loop, follow,
      createButton(t, "picture", "picture", act.picture), createButton(t, "fullscreen", "full", act.fullscreen)),
    /** @param {TimelineStatus} status */
    refresh(status) {
      const { events, last, frame } = status;
      if (markKey !== `${events.length}/${last}`) {
        markKey = `${events.length}/${last}`;
        marks.replaceChildren(...events.filter(({ kind }) => kind === "edit" || kind === "diverged").map((event) => markOf(event, last)));
      }
      if (Number(scrub.max) !== last) scrub.max = String(last);
      if (Number(scrub.value) !== frame) scrub.value = String(frame);
      const words = t("step_number", { step: status.step });
      setAttribute(scrub, "aria-valuetext", words);
      scrub.style.setProperty("--share", String(last ? frame / last : 0));
      say(place, words);
      press(follow, status.follow);
      press(loop, status.loop);
      show(follow, status.live);
      if (playing === status.playing) return;
      playing = status.playing;
      play.replaceChildren(icon(playing ? "pause" : "play"));
      for (const name of ["title", "aria-label"]) setAttribute(play, name, t(playing ? "pause" : "play"));
    },
  };
}
