// Texts and numbers as people read them.

/** @typedef {import("./data/decode.js").KnobValue} KnobValue */
/** A text in the reader's language; `{places}` are filled. @typedef {(key: string, values?: Record<string, unknown>) => string} Translate */

/**
 * @param {Record<string, string>} texts   spec/texts/stage.toml in one language
 * @returns {Translate}
 */
export const translator = (texts) => (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, String(value)), texts[key] ?? key);

/**
 * A number for people: three significant digits, no exponent where that can be avoided.
 * @param {KnobValue|null|undefined} value
 */
export function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.0005 || size >= 1e6)) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

/** @param {number|null|undefined} share */
export const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`);

const GREEK = new Map(Object.entries({ alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", eta: "η", theta: "θ", kappa: "κ",
  lambda: "λ", mu: "μ", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", psi: "ψ", omega: "ω", Delta: "Δ" }));

/**
 * The symbol of a knob, which Python has in LaTeX, in plain letters.
 * @param {{symbol?: string}} [knob]
 */
export function symbolOf(knob) {
  return (knob?.symbol ?? "").replace(/\\([A-Za-z]+)/g, (_, name) => GREEK.get(name) ?? name)
    .replace(/_\{?(\d+)\}?/g, (_, digits) => [...digits].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("")).replace(/[{}$]/g, "");
}
