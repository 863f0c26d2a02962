// The sliders, menus and switches of one panel, made from what Python says about its knobs.

import { figure, symbolOf } from "../words.js";
import { make, say } from "./elements.js";

/** @typedef {import("../data/decode.js").KnobValue} KnobValue */
/** @typedef {import("../words.js").Translate} Translate */

/**
 * A knob as Python describes it (spec/knob.py).
 * @typedef {object} Knob
 * @property {string} name
 * @property {string} [label]
 * @property {string} [help]
 * @property {"number"|"whole"|"choice"|"switch"} kind
 * @property {string} [symbol]
 * @property {number} [low]
 * @property {number} [high]
 * @property {number[]} [slider]        the range of the slider
 * @property {boolean} [log]
 * @property {string} [unit]
 * @property {string[]} [choices]
 * @property {string[]} [choice_labels]
 * @property {KnobValue} [value]
 * @property {number|null} [limit]      geometry forbids larger values
 * @property {string|null} [limit_help]
 */

/** A change of a knob; `final` once it is released. @typedef {(change: {panel: number|null, knob: string, value: KnobValue}, final: boolean) => void} EditKnob */

/**
 * @typedef {object} KnobControl
 * @property {HTMLElement} element
 * @property {() => boolean} busy                       being dragged
 * @property {(value: KnobValue|undefined) => void} show  what a frame says; a value just set stays until a frame has it
 * @property {(value: KnobValue) => void} hold          set a value and keep it until a frame has it
 */

/**
 * The value of an input as a knob has it.
 * @typedef {object} Field
 * @property {HTMLInputElement|HTMLSelectElement} input
 * @property {() => KnobValue} read
 * @property {(value: KnobValue) => void} write
 */

/**
 * @typedef {object} KnobStrip
 * @property {HTMLElement} element
 * @property {() => boolean} busy
 * @property {(panel: {knobs: Record<string, KnobValue>, learning_rate?: number}) => void} show
 * @property {(name: string, value: KnobValue) => void} hold
 */

const POSITIONS = 1000; // of a slider
const PACE = 40; // ms between two edits: at most 25 a second
const HOLD = 3000; // ms for which a control keeps the value just set, until a frame confirms it

/**
 * Send the latest value at most every `wait` ms; the last one always goes out.
 * @template T
 * @param {(value: T) => void} act
 * @param {number} [wait]
 * @returns {(value: T) => void}
 */
export function throttle(act, wait = PACE) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {T} */
  let latest;
  let last = -Infinity;
  const go = () => {
    timer = undefined;
    last = performance.now();
    act(latest);
  };
  return (value) => {
    latest = value;
    if (timer !== undefined) return;
    const pause = last + wait - performance.now();
    if (pause <= 0) go();
    else timer = setTimeout(go, pause);
  };
}

/**
 * The scale of a slider: from a value to a share of its length, and back.
 * @param {Pick<Knob, "kind"|"slider"|"low"|"high"|"log">} knob
 */
export function scaleOf(knob) {
  const [low, high] = knob.slider ?? [knob.low ?? 0, knob.high ?? 1];
  const clean = (/** @type {number} */ value) => (knob.kind === "whole" ? Math.round(value) : Number(value.toPrecision(3)));
  if (!knob.log) {
    return { share: (/** @type {number} */ v) => (v - low) / (high - low), value: (/** @type {number} */ s) => clean(low + (high - low) * s) };
  }
  // three decades below the top where a logarithm would need a lowest value that is not zero
  const least = low > 0 ? low : high / 1000, first = low > 0 ? 0 : 1 / POSITIONS, span = Math.log(high / least);
  return {
    share: (/** @type {number} */ v) => (v < least ? 0 : first + ((1 - first) * Math.log(v / least)) / span),
    value: (/** @type {number} */ s) => (s < first ? clean(low) : clean(least * Math.exp((span * (s - first)) / (1 - first)))),
  };
}

/** @param {Knob} knob @param {KnobValue} value */
const valueText = (knob, value) => (knob.kind === "number" || knob.kind === "whole" ? figure(value) + (knob.unit ? ` ${knob.unit}` : "") : "");

/**
 * @param {Knob} knob
 * @param {string} id
 * @param {() => void} change
 * @returns {Field}
 */
function createChoice({ choices = [], choice_labels }, id, change) {
  const input = make("select", { id, on: { change } }, ...choices.map((word, i) => make("option", { value: word, text: choice_labels?.[i] ?? word })));
  return { input, read: () => input.value, write(value) { input.value = String(value); } };
}

/**
 * @param {Knob} _
 * @param {string} id
 * @param {() => void} change
 * @returns {Field}
 */
function createSwitch(_, id, change) {
  const input = make("input", { id, type: "checkbox", on: { change } });
  return { input, read: () => input.checked, write(value) { input.checked = Boolean(value); } };
}

/**
 * @param {Knob} knob
 * @param {string} id
 * @param {{drag: () => void, release: () => void}} on
 * @returns {Field}
 */
function createSlider(knob, id, { drag, release }) {
  const scale = scaleOf(knob);
  const input = make("input", { id, type: "range", min: 0, max: POSITIONS, step: 1, on: { input: drag, change: release, blur: release } });
  return {
    input,
    read: () => scale.value(Number(input.value) / POSITIONS),
    write(value) {
      input.value = String(Math.round(Math.max(0, Math.min(1, scale.share(Number(value)))) * POSITIONS));
      input.setAttribute("aria-valuetext", valueText(knob, value));
    },
  };
}

/** @param {Knob} knob @param {Translate} t */
function limitMark(knob, t) {
  if (knob.limit === null || knob.limit === undefined || knob.kind === "choice" || knob.kind === "switch") return null;
  const share = scaleOf(knob).share(knob.limit), words = knob.limit_help ?? t("limit");
  if (share < 0 || share > 1) return null;
  return make("span", { class: "lg-limit", style: `--share:${share}`, title: words, "aria-label": words, role: "img" });
}

/**
 * The control of one knob; `edit(value, final)` hears of changes.
 * @param {Knob} knob
 * @param {(value: KnobValue, final: boolean) => void} edit
 * @param {Translate} t
 * @returns {KnobControl}
 */
function createKnob(knob, edit, t) {
  const id = `lg-${Math.random().toString(36).slice(2)}`;
  const output = make("output", { class: "lg-value", for: id });
  const symbol = symbolOf(knob);
  const name = make("label", { class: "lg-name", for: id, title: knob.help ?? "" },
    make("span", { text: knob.label ?? knob.name }), symbol ? make("i", { text: symbol }) : null);
  let dragging = false, until = 0;
  /** The value just set. @type {KnobValue|undefined} */
  let pending;
  const change = (/** @type {boolean} */ final) => {
    pending = field.read();
    until = performance.now() + HOLD;
    say(output, valueText(knob, pending));
    edit(pending, final);
  };
  const release = () => {
    if (!dragging) return;
    dragging = false;
    change(true);
  };
  const drag = () => {
    dragging = true;
    change(false);
  };
  const field = knob.kind === "choice" ? createChoice(knob, id, () => change(true))
    : knob.kind === "switch" ? createSwitch(knob, id, () => change(true)) : createSlider(knob, id, { drag, release });
  const set = (/** @type {KnobValue} */ value) => {
    field.write(value);
    say(output, valueText(knob, value));
  };
  set(knob.value ?? knob.slider?.[0] ?? 0);
  return {
    element: make("div", { class: `lg-knob lg-${knob.kind}`, "data-knob": knob.name }, name,
      make("span", { class: "lg-track" }, field.input, limitMark(knob, t)), output),
    busy: () => dragging,
    show(value) {
      if (dragging || value === undefined || value === null) return;
      if (performance.now() < until && value !== pending) return;
      until = 0;
      set(value);
    },
    hold(value) {
      pending = value;
      until = performance.now() + HOLD;
      set(value);
    },
  };
}

/**
 * The strip of one panel; edits of a knob are throttled.
 * @param {{panel: number|null, title?: string, knobs?: Knob[]}} entry
 * @param {EditKnob} edit
 * @param {Translate} t
 * @returns {KnobStrip}
 */
export function createKnobs(entry, edit, t) {
  /** @type {Map<string, KnobControl>} */
  const controls = new Map();
  for (const knob of entry.knobs ?? []) {
    const send = throttle((/** @type {KnobValue} */ value) => edit({ panel: entry.panel, knob: knob.name, value }, false));
    controls.set(knob.name, createKnob(knob, (value, final) => {
      send(value);
      if (final) edit({ panel: entry.panel, knob: knob.name, value }, true);
    }, t));
  }
  return {
    element: make("div", { class: "lg-knobs", role: "group", "aria-label": entry.title ?? "" }, ...[...controls.values()].map(({ element }) => element)),
    busy: () => [...controls.values()].some((control) => control.busy()),
    show(panel) {
      for (const [name, control] of controls) control.show(name === "learning_rate" ? panel.learning_rate : panel.knobs[name]);
    },
    hold(name, value) { controls.get(name)?.hold(value); },
  };
}
