// Which sample lies at a pixel: the places of the samples on the screen, in a quadtree for each panel.

import { positionOf } from "../data/interpolate.js";
import { project } from "../state/camera.js";
import { quadtree } from "../vendor/d3-quadtree.js";

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
 * @param {PanelView} view
 * @param {import("../data/decode.js").Points} points
 * @param {Record<string, boolean>} switches
 * @returns {Tree}
 */
function plant({ scene, lens, rect }, points, switches) {
  const count = Math.min(points.labels.length, scene.p.embeddings.length / scene.dim);
  const x = new Float32Array(count), y = new Float32Array(count), samples = [];
  for (let i = 0; i < count; i++) {
    if (!(points.split[i] ? switches.test_points : switches.train_points)) continue;
    const z = positionOf(scene, i), place = z && project(lens.view, rect, ...z);
    if (!place || place[0] < -REACH || place[1] < -REACH || place[0] > rect.width + REACH || place[1] > rect.height + REACH) continue;
    [x[i], y[i]] = place;
    samples.push(i);
  }
  return quadtree(samples, (i) => x[i], (i) => y[i]);
}
