// All layers, in the order in which they are drawn.

import { createAxes } from "./axes.js";
import { createClasses } from "./classes.js";
import { createPoints } from "./points.js";
import { createRegions } from "./regions.js";
import { createSelection } from "./selection.js";
import { createShapes } from "./shapes.js";

/** @typedef {import("./layer.js").Layer} Layer */
/** @typedef {import("./layer.js").Picture} Picture */
/** @typedef {import("../state/views.js").PanelView} PanelView */

/** @returns {Layer[]} */
export const createLayers = () => [createRegions(), createPoints(), createAxes(), createShapes(), createClasses(), createSelection()];

/**
 * The switches of layers, as they are at first.
 * @param {Layer[]} layers
 * @returns {Record<string, boolean>}
 */
export const switchesOf = (layers) => Object.assign({}, ...layers.map((layer) => layer.switches ?? {}));

/**
 * Write what lies over the picture onto a context whose unit is the CSS pixel.
 * @param {Layer[]} layers
 * @param {CanvasRenderingContext2D} context
 * @param {PanelView[]} views
 * @param {Picture} picture
 */
export function drawLabels(layers, context, views, picture) {
  for (const view of views) {
    const { rect } = view;
    context.save();
    context.translate(rect.left, rect.top);
    context.beginPath();
    context.rect(0, 0, rect.width, rect.height);
    context.clip();
    for (const layer of layers) layer.label?.(context, view, picture);
    context.restore();
  }
}

/**
 * The sample at a pixel of a panel, of the uppermost layer that has one there.
 * @param {Layer[]} layers
 * @param {PanelView} view
 * @param {Picture} picture
 * @param {number} x
 * @param {number} y
 */
export function pick(layers, view, picture, x, y) {
  for (const layer of [...layers].reverse()) {
    const sample = layer.pick?.(view, picture, x, y) ?? null;
    if (sample !== null) return sample;
  }
  return null;
}
