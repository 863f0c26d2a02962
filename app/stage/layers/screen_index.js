// Which sample lies at a pixel: the places of the samples on the screen, in a quadtree for each panel.

import { MISSING } from "../shared.js";
import { quadtree } from "../vendor/d3-quadtree.js";

/** @typedef {import("../data/decode.js").Panel} Panel */
/** @typedef {import("../state/views.js").PanelView} PanelView */
/** @typedef {import("./layer.js").Picture} Picture */
/** @typedef {import("../vendor/d3-quadtree.js").Quadtree<number>} Tree   of samples */

const REACH = 9; // pixels around a place in which a sample is found

/** Find samples by place. A tree is made when it is asked for and the points or the switches have changed. */
export function createScreenIndex() {
  /** By row. @type {{key: string, tree: Tree}[]} */
  const trees = [];

  /** @param {PanelView} view @param {Picture} picture */
  function treeOf(view, { points, switches }) {
    const key = `${view.key}/${switches.train_points}/${switches.test_points}`;
    if (trees[view.row]?.key !== key) trees[view.row] = { key, tree: plant(view, points, switches) };
    return trees[view.row].tree;
  }

  return {
    /**
     * The nearest sample to a pixel of a panel (from its upper left), or null.
     * @param {PanelView} view
     * @param {Picture} picture
     * @param {number} x
     * @param {number} y
     */
    find: (view, picture, x, y) => treeOf(view, picture).find(x, y, REACH) ?? null,
  };
}

/**
 * Put the samples that are seen into a tree, without an allocation a sample.
 * @param {PanelView} view
 * @param {import("../data/decode.js").Points} points
 * @param {Record<string, boolean>} switches
 * @returns {Tree}
 */
function plant({ scene, lens: { view }, rect }, points, switches) {
  const { p, q, dim, share } = scene;
  const count = Math.min(points.labels.length, p.embeddings.length / dim, q.embeddings.length / dim);
  const x = new Float32Array(count), y = new Float32Array(count), z = new Float64Array(3), samples = [];
  for (let i = 0; i < count; i++) {
    if (!(points.split[i] ? switches.test_points : switches.train_points) || !placeSample(p, q, share, dim, i, z)) continue;
    const w = view[3] * z[0] + view[7] * z[1] + view[11] * z[2] + view[15];
    if (w <= 0) continue;
    x[i] = (((view[0] * z[0] + view[4] * z[1] + view[8] * z[2] + view[12]) / w) * 0.5 + 0.5) * rect.width;
    y[i] = (0.5 - ((view[1] * z[0] + view[5] * z[1] + view[9] * z[2] + view[13]) / w) * 0.5) * rect.height;
    if (x[i] > -REACH && y[i] > -REACH && x[i] < rect.width + REACH && y[i] < rect.height + REACH) samples.push(i);
  }
  return quadtree(samples, (i) => x[i], (i) => y[i]);
}

/**
 * Write the coordinates of sample `i` between two frames; false where one is missing.
 * @param {Panel} p
 * @param {Panel} q
 * @param {number} share
 * @param {number} dim
 * @param {number} i
 * @param {Float64Array} into
 */
function placeSample(p, q, share, dim, i, into) {
  for (let d = 0; d < dim; d++) {
    const a = p.embeddings[i * dim + d], b = q.embeddings[i * dim + d];
    if (a === MISSING || b === MISSING) return false;
    const from = p.quantum[d] + p.quantum[dim] * a;
    into[d] = from + (q.quantum[d] + q.quantum[dim] * b - from) * share;
  }
  return true;
}
