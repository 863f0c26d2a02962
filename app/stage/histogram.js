// The live histogram of a loss's scalar: drawn to stand under a chart with the same axis.

import { classColour, css, readColour } from "./palette.js";
import { make } from "./ui/elements.js";

/** @typedef {import("./data/decode.js").Frame} Frame */

/**
 * The bins lie between `low` and `high`; `view` is the range of the axis above (default: the same), `margin` the pixels
 * between the element's sides and the ends of that axis.
 * @typedef {object} HistogramOptions
 * @property {string} run
 * @property {string|null} [owner]
 * @property {string} [language]
 * @property {string} [base]
 * @property {number} panel
 * @property {string} branch
 * @property {number} low
 * @property {number} high
 * @property {[number, number]|null} [view]
 * @property {[number, number]} [margin]
 * @property {number} [height]
 * @property {import("./palette.js").Colour} [colour]
 * @property {Record<string, string>} [texts]
 */

const HEIGHT = 90, TOP = 6; // pixels
const GLIDE = 0.08; // seconds in which bars close two thirds of their way

/**
 * Draw `k/histogram/<branch>` of the newest frame of a run.
 * @param {Node} root
 * @param {import("./index.js").Host} host
 * @param {HistogramOptions} options
 */
export function mountHistogram(root, host, options) {
  const canvas = make("canvas", { class: "lg-histogram", role: "img" }), holder = make("div", { class: "lg-stage" }, canvas);
  root.appendChild(holder);
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Float32Array|null} */
  let target = null;
  /** @type {Float32Array|null} */
  let heights = null;
  let request = 0, before = 0, { run } = options, feed = open();

  function open() {
    target = heights = null;
    ({ run } = options);
    return host.open({ ...options, history: false }, { newest: read, fork: (fork) => feed.fork(fork) });
  }

  /** @param {Frame} frame */
  function read(frame) {
    const bins = frame.panels[options.panel]?.histogram[options.branch];
    if (!bins) return;
    // shares, so that runs with more samples do not look more certain
    const total = bins.reduce((sum, value) => sum + value, 0) || 1;
    target = bins.map((value) => value / total);
    wake();
  }

  function wake() {
    if (!request) request = requestAnimationFrame(draw);
  }

  /** @param {number} now */
  function draw(now) {
    request = 0;
    const dt = Math.min(0.1, (now - before) / 1000);
    before = now;
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1), tall = options.height ?? HEIGHT, wide = Math.max(1, holder.clientWidth);
    canvas.style.height = `${tall}px`;
    Object.assign(canvas, { width: Math.round(wide * ratio), height: Math.round(tall * ratio) });
    canvas.setAttribute("aria-label", options.texts?.histogram ?? "histogram");
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    const [left, right] = options.margin ?? [0, 0];
    pen.fillStyle = css(readColour(getComputedStyle(holder).color, [30, 32, 40]), 0.3);
    pen.fillRect(left, tall - 1, Math.max(0, wide - left - right), 1);
    if (!target) return;
    heights ??= new Float32Array(target.length);
    const share = calm.matches || dt === 0 ? 1 : 1 - Math.exp(-dt / GLIDE);
    let rest = 0;
    for (let i = 0; i < target.length; i++) {
      heights[i] += (target[i] - heights[i]) * share;
      rest = Math.max(rest, Math.abs(target[i] - heights[i]));
    }
    pen.save();
    pen.beginPath();
    pen.rect(left, 0, wide - left - right, tall);
    pen.clip();
    drawBars(pen, heights, wide, tall);
    pen.restore();
    if (rest > 1e-4) wake();
  }

  /** @param {CanvasRenderingContext2D} pen @param {Float32Array} shares @param {number} wide @param {number} tall */
  function drawBars(pen, shares, wide, tall) {
    const { low, high, view, margin, colour } = options, [left, right] = margin ?? [0, 0], [from, to] = view ?? [low, high];
    const place = (/** @type {number} */ x) => left + ((x - from) / (to - from)) * (wide - left - right);
    const top = Math.max(...shares) || 1, bin = (high - low) / shares.length;
    pen.fillStyle = css(colour ?? classColour(0), 0.75);
    shares.forEach((value, i) => {
      const x = place(low + i * bin), h = (value / top) * (tall - TOP);
      pen.fillRect(x + 0.5, tall - 1 - h, Math.max(1, place(low + (i + 1) * bin) - x - 1), h);
    });
  }

  const observer = new ResizeObserver(wake);
  observer.observe(holder);
  return {
    get heights() { return heights; },
    /** @param {HistogramOptions} next */
    update(next) {
      const other = next.panel !== options.panel || next.branch !== options.branch || next.run !== run;
      options = next;
      if (other) {
        feed.close();
        feed = open();
      }
      wake();
    },
    destroy() {
      feed.close();
      cancelAnimationFrame(request);
      observer.disconnect();
      holder.remove();
    },
  };
}
