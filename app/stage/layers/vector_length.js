// How long class vectors are drawn.

import { HEADS } from "../shared.js";

/** @typedef {import("../data/interpolate.js").Scene} Scene */

/**
 * Scores fix the directions and ratios of class vectors only, so they end among the points.
 * @param {Scene} scene
 */
export function vectorLength({ classes, means, kind }) {
  const lengths = [];
  for (let c = 0; c < classes; c++) {
    const length = Math.hypot(means[c * 3], means[c * 3 + 1], means[c * 3 + 2]);
    if (Number.isFinite(length)) lengths.push(length);
  }
  const middle = lengths.sort((a, b) => a - b)[lengths.length >> 1] ?? 1;
  // near the unit circle (sphere) a class vector of length one is the natural picture
  return kind === HEADS.cosine && middle < 2.5 ? 1 : 0.8 * middle;
}
