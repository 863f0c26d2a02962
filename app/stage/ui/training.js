// What the trainer is asked for: pause, pace, learning rate.

import { createMenu } from "./buttons.js";
import { make, say, show } from "./elements.js";
import { createKnobs } from "./knobs.js";

/** @typedef {import("../words.js").Translate} Translate */

const PACES = [2, 5, 10, 20, 30, 60], PACE = 20; // frames a second
const RATES = [1e-4, 1]; // from useless to divergence, for every net here

/**
 * @param {Translate} t
 * @param {import("../actions.js").Actions} act
 */
export function createTraining(t, act) {
  const train = make("button", { type: "button", class: "lg-chip lg-train", "data-act": "train", on: { click: act.train } });
  const pace = createMenu(t, "pace", PACES, PACE, (rate) => t("pace_value", { rate }), act.pace);
  const live = make("span", { class: "lg-group lg-onlive" }, train, pace);
  const rate = createKnobs({ panel: null, title: t("training"), knobs: [{ name: "learning_rate", label: t("learning_rate"), help: t("learning_rate_help"),
    kind: "number", slider: RATES, log: true }] }, act.edit, t);
  return {
    elements: [rate.element, live],
    /** @param {{live: boolean, paused: boolean, learningRate: number|undefined}} status */
    refresh(status) {
      rate.show({ knobs: {}, learning_rate: status.learningRate });
      show(live, status.live);
      say(train, t(status.paused ? "train_resume" : "train_pause"));
    },
  };
}
