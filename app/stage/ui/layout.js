// The panels' cells: header, plot and knobs of each, and where they lie on the canvas.

import { figure, make, say, symbolOf } from "./elements.js";
import { createKnobs } from "./knobs.js";

const percent = (value) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)} %`);

/** The cell of one panel: `element`, `plot`, `show(panel)`. */
export function createCell(entry, change, t) {
  const symbols = new Map((entry.knobs ?? []).map((knob) => [knob.name, knob]));
  const title = make("h3", { class: "lg-title", text: entry.title ?? entry.slug ?? "" });
  const settings = make("span", { class: "lg-settings" });
  const loss = make("b"), train = make("b"), test = make("b"), note = make("p", { class: "lg-note", hidden: true });
  const plot = make("div", { class: "lg-plot" });
  const knobs = createKnobs(entry, change, t);
  const number = (key, value) => make("span", { class: "lg-number", title: t(`${key}_help`) }, make("span", { text: t(key) }), value);
  const element = make("section", { class: "lg-panel", "aria-label": entry.title ?? "", "data-panel": entry.panel },
    make("header", { class: "lg-head" }, make("div", { class: "lg-names" }, title, settings),
      make("div", { class: "lg-numbers" }, number("loss", loss), number("train", train), number("test", test)), note), plot, knobs.element);
  return {
    entry, element, plot, knobs,
    get words() { return `${settings.textContent}   ${t("loss")} ${loss.textContent}   ${t("train")} ${train.textContent}   ${t("test")} ${test.textContent}`; },
    show(panel, reason) {
      say(loss, figure(panel.loss));
      say(train, percent(panel.train_accuracy));
      say(test, percent(panel.test_accuracy));
      const told = Object.entries(panel.knobs).map(([name, value]) => {
        const knob = symbols.get(name);
        if (knob?.kind === "choice") return knob.choice_labels?.[knob.choices.indexOf(value)] ?? value;
        if (knob?.kind === "switch" || typeof value === "boolean") return value ? knob?.label ?? name : "";
        return `${symbolOf(knob) || knob?.label || name} ${figure(value)}`;
      });
      say(settings, told.filter(Boolean).join(" · "));
      const words = [panel.alive ? "" : reason ? t("stopped_because", { reason }) : t("stopped"), panel.head.learned ? "" : t("nearest_class_mean")].filter(Boolean).join(" ");
      say(note, words);
      note.hidden = !words;
      note.classList.toggle("lg-bad", !panel.alive);
      knobs.show(panel);
    },
  };
}

const GAP = 16, NARROW = 560;

/** The columns that leave the plots the largest squares; on a narrow screen one, and the height that this takes. */
export function arrange(entries, width, height) {
  const count = entries.length, most = Math.max(0, ...entries.map((entry) => entry.knobs?.length ?? 0));
  // what stands above and below a plot: a header of one line or two, and the rows that the knobs wrap into
  const around = (wide) => (wide < 500 ? 52 : 31) + Math.ceil(most / Math.max(1, Math.floor(wide / 208))) * 26 + 13;
  if (width < NARROW) return { columns: 1, height: count * (width * 0.9 + around(width) ) };
  let best = { columns: 1, side: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns), wide = (width - GAP * (columns - 1)) / columns;
    const side = Math.min(wide, height / rows - around(wide));
    if (side > best.side) best = { columns, side };
  }
  return { columns: best.columns, height: 0 };
}

/** The rectangle of an element in CSS pixels from the view's upper left, and in canvas pixels from the lower left. */
export function measure(element, view, canvas, ratio) {
  const outer = view.getBoundingClientRect(), inner = element.getBoundingClientRect();
  const rect = { left: inner.left - outer.left, top: inner.top - outer.top, width: Math.max(1, inner.width), height: Math.max(1, inner.height) };
  const x = Math.round(rect.left * ratio), top = Math.round(rect.top * ratio);
  const right = Math.round((rect.left + rect.width) * ratio), bottom = Math.round((rect.top + rect.height) * ratio);
  return { rect, box: { x, y: canvas.height - bottom, width: Math.max(1, right - x), height: Math.max(1, bottom - top), ratio } };
}
