// The bar under the panels: the clock, what is shown, and what the trainer is asked for.

import { createToggle, press } from "./buttons.js";
import { make, say, show } from "./elements.js";
import { createLayerSwitches } from "./layer_switches.js";
import { createLegend } from "./legend.js";
import { createTimeline } from "./timeline.js";
import { createTraining } from "./training.js";

/**
 * @typedef {import("./timeline.js").TimelineStatus & {paused: boolean, learningRate: number|undefined,
 *   layers: Record<string, boolean>, commonAxes: boolean, commonKnobs: boolean, panels: number, words: string}} BarStatus
 */

/** @typedef {{element: HTMLElement, refresh: (status: BarStatus) => void}} Bar */

/**
 * @param {import("../words.js").Translate} t
 * @param {import("../actions.js").Actions} act
 * @returns {Bar}
 */
export function createBar(t, act) {
  const timeline = createTimeline(t, act), switches = createLayerSwitches(t, act.layer), training = createTraining(t, act);
  const axes = createToggle(t, "locked", act.commonAxes), knobs = createToggle(t, "linked", act.commonKnobs);
  const words = make("span", { class: "lg-status", role: "status" });
  return {
    element: make("div", { class: "lg-bar", role: "toolbar", "aria-label": t("controls") }, timeline.element,
      make("div", { class: "lg-row lg-wrap" }, make("span", { class: "lg-group", role: "group", "aria-label": t("layers") }, ...switches.elements, createLegend(t)),
        make("span", { class: "lg-group" }, axes, knobs), ...training.elements, words)),
    refresh(status) {
      timeline.refresh(status);
      switches.refresh(status.layers);
      training.refresh(status);
      press(axes, status.commonAxes);
      press(knobs, status.commonKnobs);
      for (const toggle of [axes, knobs]) show(toggle, status.panels > 1);
      say(words, status.words);
    },
  };
}
