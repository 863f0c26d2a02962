// The live histogram of a loss's scalar: drawn to stand under a chart with the same axis.

import { make } from "./ui/elements.js";
import { openFeed } from "./data/feed.js";
import { classColour, css, readColour } from "./palette.js";

/**
 * Draw `k/histogram/<branch>` of the newest frame of a run.
 * `data`: `{run, owner?, language, panel, branch, low, high, view: [left, right], margin: [left, right], height, base?, texts?}`:
 * the bins lie between `low` and `high`; `view` is the range of the axis above (default: the same), `margin` the
 * pixels between the element's sides and the ends of that axis.
 */
export function mountHistogram(root, data, callbacks = {}) {
  const canvas = make("canvas", { class: "lg-histogram", role: "img" });
  const holder = make("div", { class: "lg-stage" }, canvas);
  root.append(holder);
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  let feed = null, given = null, target = null, heights = null, asked = 0, before = 0;

  function open() {
    feed?.close();
    given = data.run;
    target = heights = null;
    const hear = (frame) => {
      const bins = frame.panels[data.panel]?.histogram[data.branch];
      if (!bins) return;
      // shares, so that runs with more samples do not look more certain
      const total = bins.reduce((sum, value) => sum + value, 0) || 1;
      target = Float32Array.from(bins, (value) => value / total);
      wake();
    };
    feed = (callbacks.openFeed ?? openFeed)({ base: data.base ?? "", run: data.run, owner: data.owner, language: data.language, history: false },
      { newest: hear, forked: (fork) => feed.fork(fork) });
  }

  function wake() { if (!asked) asked = requestAnimationFrame(draw); }

  function draw(now) {
    asked = 0;
    const dt = Math.min(0.1, (now - before) / 1000);
    before = now;
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1), tall = data.height ?? 90;
    const wide = Math.max(1, holder.clientWidth);
    canvas.style.height = `${tall}px`;
    Object.assign(canvas, { width: Math.round(wide * ratio), height: Math.round(tall * ratio) });
    canvas.setAttribute("aria-label", data.texts?.histogram ?? "histogram");
    const pen = canvas.getContext("2d"), style = getComputedStyle(holder), ink = readColour(style.color, [30, 32, 40]);
    pen.scale(ratio, ratio);
    const [left, right] = data.margin ?? [0, 0], [from, to] = data.view ?? [data.low, data.high];
    const place = (x) => left + ((x - from) / (to - from)) * (wide - left - right);
    pen.fillStyle = css(ink, 0.3);
    pen.fillRect(left, tall - 1, Math.max(0, wide - left - right), 1);
    if (!target) return;
    const share = calm.matches || !heights ? 1 : 1 - Math.exp(-dt / 0.08);
    heights ??= new Float32Array(target.length);
    let rest = 0;
    target.forEach((value, i) => { heights[i] += (value - heights[i]) * share; rest = Math.max(rest, Math.abs(value - heights[i])); });
    const top = Math.max(...heights) || 1, bin = (data.high - data.low) / heights.length;
    pen.save();
    pen.beginPath();
    pen.rect(left, 0, wide - left - right, tall);
    pen.clip();
    pen.fillStyle = css(data.colour ?? classColour(0), 0.75);
    heights.forEach((value, i) => {
      const x = place(data.low + i * bin), h = (value / top) * (tall - 6);
      pen.fillRect(x + 0.5, tall - 1 - h, Math.max(1, place(data.low + (i + 1) * bin) - x - 1), h);
    });
    pen.restore();
    if (rest > 1e-4) wake();
  }

  const watcher = new ResizeObserver(wake);
  watcher.observe(holder);
  open();
  return {
    get heights() { return heights; },
    update(next) {
      const other = next.panel !== data.panel || next.branch !== data.branch;
      data = next;
      if (data.run !== given || other) open();
      wake();
    },
    destroy() {
      feed?.close();
      cancelAnimationFrame(asked);
      watcher.disconnect();
      holder.remove();
    },
  };
}
