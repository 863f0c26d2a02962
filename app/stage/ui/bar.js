// The bar under the panels: transport, scrubber with its marks, what is shown, and what the trainer is told.

import { icon, make, say } from "./elements.js";
import { createKnobs } from "./knobs.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const PACES = [2, 5, 10, 20, 30, 60];

/** Make the bar. `act` holds what the buttons do; `edit` what knobs do; `refresh(state)` brings all up to date. */
export function createBar(t, act, edit) {
  const button = (key, name, run, extra = {}) => make("button", { type: "button", class: "lg-button", title: t(key), "aria-label": t(key), "data-act": key, ...extra, on: { click: run } }, icon(name));
  const toggle = (key, run, glyph) => make("button", { type: "button", class: "lg-chip", "aria-pressed": "false", "data-act": key, title: t(`${key}_help`), on: { click: run } },
    glyph ? make("span", { class: `lg-glyph lg-${glyph}`, "aria-hidden": "true" }) : null, make("span", { text: t(key) }));
  const menu = (key, values, words, run) => make("select", { class: "lg-select", title: t(key), "aria-label": t(key), "data-act": key, on: { change: (event) => run(Number(event.target.value)) } },
    ...values.map((value) => make("option", { value, text: words(value) })));

  const play = button("play", "play", act.play);
  const step = button("step", "step", act.step);
  const scrub = make("input", { type: "range", class: "lg-scrub", min: 0, max: 0, step: 1, value: 0, "aria-label": t("scrub"), on: { input: () => act.seek(Number(scrub.value)) } });
  const marks = make("div", { class: "lg-marks" });
  const place = make("output", { class: "lg-place", "aria-live": "off" });
  const speed = menu("speed", SPEEDS, (v) => `${v}×`, act.speed);
  speed.value = 1;
  const follow = toggle("follow", act.follow, "live");
  const loop = button("loop", "loop", act.loop, { "aria-pressed": "false" });
  const train = make("button", { type: "button", class: "lg-chip lg-train", "data-act": "train", on: { click: act.train } });
  const pace = menu("pace", PACES, (v) => t("pace_value", { rate: v }), act.pace);
  pace.value = 20;
  const layers = Object.fromEntries([["regions"], ["band", "hatch"], ["shapes", "line"], ["train_points", "dot"], ["test_points", "diamond"]]
    .map(([key, glyph]) => [key, toggle(key, () => act.layer(key), glyph)]));
  const wrong = make("span", { class: "lg-key" }, make("span", { class: "lg-glyph lg-ring", "aria-hidden": "true" }), make("span", { text: t("misclassified") }));
  const locked = toggle("locked", act.locked);
  const linked = toggle("linked", act.linked);
  const status = make("span", { class: "lg-status", role: "status" });
  const live = make("span", { class: "lg-group lg-onlive" }, train, pace);

  // a step this side of useless and that side of divergence for every net here
  const rate = createKnobs({ panel: null, title: t("training"), knobs: [{ name: "learning_rate", label: t("learning_rate"), help: t("learning_rate_help"),
    kind: "number", slider: [1e-4, 1], log: true }] }, edit, t);

  const element = make("div", { class: "lg-bar", role: "toolbar", "aria-label": t("controls") },
    make("div", { class: "lg-row" }, play, step, make("div", { class: "lg-timeline" }, scrub, marks), place, speed, loop, follow,
      button("picture", "picture", act.picture), button("fullscreen", "full", act.fullscreen)),
    make("div", { class: "lg-row lg-wrap" }, make("span", { class: "lg-group", role: "group", "aria-label": t("layers") }, ...Object.values(layers), wrong),
      make("span", { class: "lg-group" }, locked, linked), rate.element, live, status));

  let known = "";
  function mark(events, last) {
    const key = `${events.length}/${last}`;
    if (key === known) return;
    known = key;
    marks.replaceChildren(...events.filter((event) => event.kind === "edit" || event.kind === "diverged").map((event) => {
      const words = event.kind === "edit" ? t("edit_mark", { knob: event.body.knob, value: event.body.value, step: event.step }) : t("diverged_mark", { step: event.step });
      return make("span", { class: `lg-mark lg-${event.kind}`, style: `--share:${last ? Math.min(1, event.frame / last) : 0}`, title: words, role: "img", "aria-label": words,
        on: { click: () => act.seek(event.frame) } });
    }));
  }

  const press = (element, on) => element.setAttribute("aria-pressed", String(Boolean(on)));
  let drawn = "";
  return {
    element,
    refresh(state) {
      mark(state.events, state.last);
      rate.show({ learning_rate: state.learningRate });
      if (Number(scrub.max) !== state.last) scrub.max = state.last;
      if (Number(scrub.value) !== state.frame) scrub.value = state.frame;
      scrub.setAttribute("aria-valuetext", t("step_number", { step: state.step }));
      scrub.style.setProperty("--share", state.last ? state.frame / state.last : 0);
      say(place, t("step_number", { step: state.step }));
      const key = JSON.stringify([state.playing, state.follow, state.live, state.halted, state.loop, state.layers, state.locked, state.linked, state.many, state.status]);
      if (key === drawn) return;
      drawn = key;
      play.replaceChildren(icon(state.playing ? "pause" : "play"));
      for (const name of ["title", "aria-label"]) play.setAttribute(name, t(state.playing ? "pause" : "play"));
      press(follow, state.follow);
      press(loop, state.loop);
      press(locked, state.locked);
      press(linked, state.linked);
      for (const [name, chip] of Object.entries(layers)) press(chip, state.layers[name]);
      follow.hidden = !state.live;
      live.hidden = !state.live;
      locked.hidden = linked.hidden = !state.many;
      say(train, t(state.halted ? "train_resume" : "train_pause"));
      say(status, state.status);
    },
  };
}
