// The sliders, menus and switches of one panel, made from what Python says about its knobs.

import { figure, make, say, symbolOf } from "./elements.js";

const POSITIONS = 1000;
const PACE = 40; // ms between two edits: at most 25 a second
const HOLD = 3000; // ms for which a control keeps the value just set, until a frame confirms it

/** Send the latest value at most every `wait` ms; the last one always goes out. */
export function throttle(act, wait = PACE) {
  let timer = 0, held, last = -Infinity;
  return (value) => {
    held = value;
    if (timer) return;
    const pause = last + wait - performance.now();
    const go = () => { timer = 0; last = performance.now(); act(held); };
    if (pause <= 0) go();
    else timer = setTimeout(go, pause);
  };
}

/** The scale of a slider: from a value to a share of its length, and back. */
export function scaleOf(knob) {
  const [low, high] = knob.slider ?? [knob.low, knob.high];
  const clean = (value) => (knob.kind === "whole" ? Math.round(value) : Number(value.toPrecision(3)));
  if (!knob.log) return { share: (v) => (v - low) / (high - low), value: (s) => clean(low + (high - low) * s) };
  // three decades below the top where a logarithm would need a lowest value that is not zero
  const least = low > 0 ? low : high / 1000, first = low > 0 ? 0 : 1 / POSITIONS, span = Math.log(high / least);
  return {
    share: (v) => (v < least ? 0 : first + ((1 - first) * Math.log(v / least)) / span),
    value: (s) => (s < first ? clean(low) : clean(least * Math.exp((span * (s - first)) / (1 - first)))),
  };
}

/** One knob's control: `element`, `show(value)`, `set(value)`, `busy()`. `edit(value, final)` is told of changes. */
function createKnob(knob, edit, t) {
  const id = `lg-${Math.random().toString(36).slice(2)}`;
  const shown = make("output", { class: "lg-value", for: id });
  const name = make("label", { class: "lg-name", for: id, title: knob.help ?? "" },
    make("span", { text: knob.label ?? knob.name }), symbolOf(knob) ? make("i", { text: symbolOf(knob) }) : null);
  let input, read, write, dragging = false, until = 0, pending;
  const changed = (final) => {
    pending = read();
    until = performance.now() + HOLD;
    say(shown, words(pending));
    edit(pending, final);
  };
  const words = (value) => (knob.kind === "number" || knob.kind === "whole" ? figure(value) + (knob.unit ? ` ${knob.unit}` : "") : "");
  if (knob.kind === "choice") {
    input = make("select", { id, on: { change: () => changed(true) } },
      ...knob.choices.map((word, i) => make("option", { value: word, text: knob.choice_labels?.[i] ?? word })));
    read = () => input.value;
    write = (value) => { input.value = value; };
  } else if (knob.kind === "switch") {
    input = make("input", { id, type: "checkbox", on: { change: () => changed(true) } });
    read = () => input.checked;
    write = (value) => { input.checked = Boolean(value); };
  } else {
    const scale = scaleOf(knob);
    const release = () => { if (dragging) { dragging = false; changed(true); } };
    input = make("input", { id, type: "range", min: 0, max: POSITIONS, step: 1,
      on: { input: () => { dragging = true; changed(false); }, change: release, blur: release } });
    read = () => scale.value(input.value / POSITIONS);
    write = (value) => {
      input.value = Math.round(Math.max(0, Math.min(1, scale.share(value))) * POSITIONS);
      input.setAttribute("aria-valuetext", words(value));
    };
  }
  const body = make("span", { class: "lg-track" }, input);
  if (knob.limit !== null && knob.limit !== undefined && input.type === "range") {
    const share = scaleOf(knob).share(knob.limit);
    if (share >= 0 && share <= 1) body.append(make("span", { class: "lg-limit", style: `--share:${share}`, title: knob.limit_help ?? t("limit"), "aria-label": knob.limit_help ?? t("limit"), role: "img" }));
  }
  const control = {
    knob, element: make("div", { class: `lg-knob lg-${knob.kind}`, "data-knob": knob.name }, name, body, shown),
    busy: () => dragging,
    show(value) {
      if (dragging || value === undefined || value === null) return;
      if (performance.now() < until && value !== pending) return;
      until = 0;
      control.set(value);
    },
    set(value) { write(value); say(shown, words(value)); },
    hold(value) { pending = value; until = performance.now() + HOLD; control.set(value); },
  };
  control.set(knob.value ?? (knob.slider ?? [0])[0]);
  return control;
}

/**
 * The strip of one panel. `change({panel, knob, value}, final)` hears every change, throttled by the caller per knob.
 */
export function createKnobs(entry, change, t) {
  const controls = new Map();
  for (const knob of entry.knobs ?? []) {
    const send = throttle((value) => change({ panel: entry.panel, knob: knob.name, value }, false));
    controls.set(knob.name, createKnob(knob, (value, final) => {
      send(value);
      if (final) change({ panel: entry.panel, knob: knob.name, value }, true);
    }, t));
  }
  return {
    panel: entry.panel, controls,
    element: make("div", { class: "lg-knobs", role: "group", "aria-label": entry.title ?? "" }, ...[...controls.values()].map((c) => c.element)),
    busy: () => [...controls.values()].some((control) => control.busy()),
    show(panel) {
      for (const [name, control] of controls) control.show(name === "learning_rate" ? panel.learning_rate : panel.knobs[name]);
    },
  };
}
