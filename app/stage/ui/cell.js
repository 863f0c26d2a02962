// The cell of a panel: header with its numbers, plot, knobs.

import { figure, percent, symbolOf } from "../words.js";
import { make, say, show } from "./elements.js";
import { createKnobs } from "./knobs.js";

/** @typedef {import("../data/decode.js").Panel} Panel */
/** @typedef {import("../data/decode.js").KnobValue} KnobValue */
/** @typedef {import("../state/views.js").Place} Place */
/** @typedef {import("../words.js").Translate} Translate */
/** @typedef {import("./knobs.js").Knob} Knob */

/** What the page says about a panel; `panel` is its place in the run. @typedef {{panel: number, title?: string, slug: string, knobs?: Knob[]}} PanelEntry */

/**
 * @typedef {object} Cell
 * @property {PanelEntry} entry
 * @property {HTMLElement} element
 * @property {HTMLElement} plot
 * @property {import("./knobs.js").KnobStrip} knobs
 * @property {Place|null} place     on the canvas, once it has been measured
 * @property {string} words         settings and numbers in one line
 * @property {(panel: Panel, reason?: string) => void} show   bring it up to date; `reason`: why the panel has stopped
 */

/**
 * @param {PanelEntry} entry
 * @param {import("./knobs.js").EditKnob} edit
 * @param {Translate} t
 * @returns {Cell}
 */
export function createCell(entry, edit, t) {
  const table = new Map((entry.knobs ?? []).map((knob) => [knob.name, knob]));
  const title = make("h3", { class: "lg-title", text: entry.title ?? entry.slug ?? "" });
  const settings = make("span", { class: "lg-settings" });
  const loss = make("b"), train = make("b"), test = make("b"), note = make("p", { class: "lg-note", hidden: true });
  const plot = make("div", { class: "lg-plot" });
  const knobs = createKnobs(entry, edit, t);
  const number = (/** @type {string} */ key, /** @type {HTMLElement} */ value) =>
    make("span", { class: "lg-number", title: t(`${key}_help`) }, make("span", { text: t(key) }), value);
  const element = make("section", { class: "lg-panel", "aria-label": entry.title ?? "", "data-panel": entry.panel },
    make("header", { class: "lg-head" }, make("div", { class: "lg-names" }, title, settings),
      make("div", { class: "lg-numbers" }, number("loss", loss), number("train", train), number("test", test)), note), plot, knobs.element);

  /** @param {string} name @param {KnobValue} value */
  function setting(name, value) {
    const knob = table.get(name);
    if (knob?.kind === "choice") return knob.choice_labels?.[knob.choices?.indexOf(String(value)) ?? -1] ?? String(value);
    if (knob?.kind === "switch" || typeof value === "boolean") return value ? knob?.label ?? name : "";
    return `${symbolOf(knob) || knob?.label || name} ${figure(value)}`;
  }

  return {
    entry, element, plot, knobs, place: null,
    get words() {
      return `${settings.textContent}   ${t("loss")} ${loss.textContent}   ${t("train")} ${train.textContent}   ${t("test")} ${test.textContent}`;
    },
    show(panel, reason) {
      say(loss, figure(panel.loss));
      say(train, percent(panel.train_accuracy));
      say(test, percent(panel.test_accuracy));
      say(settings, Object.entries(panel.knobs).map(([name, value]) => setting(name, value)).filter(Boolean).join(" · "));
      const stopped = panel.alive ? "" : reason ? t("stopped_because", { reason }) : t("stopped");
      say(note, [stopped, panel.head.learned ? "" : t("nearest_class_mean")].filter(Boolean).join(" "));
      show(note, note.textContent !== "");
      note.classList.toggle("lg-bad", !panel.alive);
      knobs.show(panel);
    },
  };
}

/**
 * Where a cell's plot lies: in CSS pixels from the view's upper left, and in canvas pixels from the lower left.
 * @param {Cell} cell
 * @param {HTMLElement} view
 * @param {HTMLCanvasElement} canvas
 * @param {number} ratio
 * @returns {Place}
 */
export function measure({ entry, plot }, view, canvas, ratio) {
  const outer = view.getBoundingClientRect(), inner = plot.getBoundingClientRect();
  const rect = { left: inner.left - outer.left, top: inner.top - outer.top, width: Math.max(1, inner.width), height: Math.max(1, inner.height) };
  const x = Math.round(rect.left * ratio), top = Math.round(rect.top * ratio);
  const right = Math.round((rect.left + rect.width) * ratio), bottom = Math.round((rect.top + rect.height) * ratio);
  const box = { x, y: canvas.height - bottom, width: Math.max(1, right - x), height: Math.max(1, bottom - top), ratio };
  return { panel: entry.panel, rect, box };
}
